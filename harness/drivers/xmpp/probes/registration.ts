import type { Attempt } from "../../../model/probes.ts";
import type { RunningServer } from "../../../model/server.ts";
import { asked } from "./asked.ts";
import { answered, beforeLogin, isResult } from "./before-login.ts";
import { login } from "./login.ts";

/** Signs up over XEP-0077 whether or not it is advertised, then logs in: only a working account is an open registration. */
export function selfRegistration(server: RunningServer, name: string, password: string): Promise<Attempt> {
  return asked(`in-band registration of ${name}`, async () => {
    const answer = await signUp(server, name, password);
    if (!isResult(answer)) return { accepted: false, answer };
    const attempt = await login(server, name, password);
    return { accepted: attempt.outcome === "accepted", answer: `${answer}; then login: ${attempt.answer}` };
  });
}

async function signUp(server: RunningServer, name: string, password: string): Promise<string> {
  using stream = await beforeLogin(server);
  const advertised = stream.features.includes("http://jabber.org/features/iq-register");
  const fields = `<username>${name}</username><password>${password}</password>`;
  const asks = await stream.ask("<iq type='get' id='ask'><query xmlns='jabber:iq:register'/></iq>", answered);
  if (!isResult(asks)) return `${advertised ? "advertised" : "not advertised"}; ${asks}`;
  const email = asks.includes("<email") ? `<email>${name}@behoerde.example</email>` : "";
  // Awaited here: the stream is closed when this function is left.
  return await stream.ask(
    `<iq type='set' id='sign-up'><query xmlns='jabber:iq:register'>${fields}${email}</query></iq>`,
    answered,
  );
}
