"""Starts the content scanner with the download path of Matrix 1.11 (MSC3916).

Release 1.0.8 asks the path without login, on which Synapse gives nothing any more. `%.0s` swallows the version it would put in.
"""

import runpy

from matrix_content_scanner.scanner.file_downloader import FileDownloader

FileDownloader.MEDIA_DOWNLOAD_PREFIX = "_matrix/client/v1/media/download%.0s"
runpy.run_module("matrix_content_scanner.mcs", run_name="__main__")
