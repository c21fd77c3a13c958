import { administrationBy } from "../shared/ejabberd/administration.ts";
import { ejabberd } from "../shared/ejabberd/candidate.ts";
import { controlOverHttp } from "../shared/ejabberd/over-http.ts";

const socket = "/var/lib/ejabberd/ctl.sock";

/** ejabberd 26.07 from Debian trixie-backports. */
export const candidate = ejabberd({
  id: "ejabberd",
  standard: true,
  title: "ejabberd",
  version: "26.07",
  released: "2026-07",
  folder: import.meta.dirname,
  administration: administrationBy(controlOverHttp),
  current: true,
  shipped: "default.yml.hbs",
  consoleAnswers: ["curl", "--silent", "--unix-socket", socket, "http://localhost/"],
  // ejabberdctl's own fast path; success is an empty answer and a file.
  backup: `answer=$(curl --silent --show-error --fail --unix-socket ${socket} --data '["backup","/var/lib/ejabberd/search.backup"]' http://localhost/ctl/backup)`,
});
