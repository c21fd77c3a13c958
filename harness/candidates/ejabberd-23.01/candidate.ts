import { administrationBy } from "../shared/ejabberd/administration.ts";
import { ejabberd } from "../shared/ejabberd/candidate.ts";
import { controlOverErlang } from "../shared/ejabberd/over-erlang.ts";

/** The generation in Debian bookworm. */
export const candidate = ejabberd({
  id: "ejabberd-23.01",
  order: 101,
  title: "ejabberd 23.01",
  version: "23.01",
  released: "2023-01",
  folder: import.meta.dirname,
  administration: administrationBy(controlOverErlang),
  current: false,
  shipped: "default.yml.hbs",
  consoleAnswers: [
    "sh",
    "-c",
    'erl_call -n ejabberd@localhost -c "$(cat /var/lib/ejabberd/.erlang.cookie)" -a "erlang node"',
  ],
  backup: "answer=$(ejabberdctl backup /var/lib/ejabberd/search.backup)",
});
