import type { DockerClient } from "./daemon.ts";

/** Labels of an image, or undefined when the daemon does not have it. */
export async function imageLabels(
  docker: DockerClient,
  tag: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    return (await docker.getImage(tag).inspect()).Config.Labels ?? {};
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

/** Content address of an image the daemon has. */
export async function imageDigest(docker: DockerClient, tag: string): Promise<string> {
  return (await docker.getImage(tag).inspect()).Id;
}
