// The whole application of Hydrogen on this page: the SDK exports it, but its package holds no page of its own.
import { createNavigation, createRouter, FeatureSet, Platform, RootViewModel } from "hydrogen-view-sdk";

const platform = new Platform({
  container: document.body,
  assetPaths: {
    downloadSandbox: "/assets/download-sandbox.html",
    worker: "/assets/main.js",
    // libolm, which the Matrix foundation has retired: the lab's start page says so.
    olm: { wasm: "/olm/olm.wasm", wasmBundle: "/olm/olm.js", legacyBundle: "/olm/olm_legacy.js" },
    // Synapse gives media to logged-in clients only (MSC3916); the worker adds the token to requests of the page.
    serviceWorker: "/sw.js",
  },
  config: { defaultHomeServer: location.origin },
});
await platform.init();
const navigation = createNavigation();
platform.setNavigation(navigation);
const urlRouter = createRouter({ navigation, history: platform.history });
urlRouter.attach();
const features = await FeatureSet.load(platform.settingsStorage);
const application = new RootViewModel({ platform, navigation, urlRouter, features });
platform.createAndMountRootView(application);
await application.load();
