// Everything here is a convenience: without script the page shows the same facts.
(() => {
  const root = document.documentElement;
  const english = document.getElementById("language-en");
  const search = document.getElementById("search");
  const shown = document.getElementById("shown");
  const rows = [...document.querySelectorAll("tr[data-row]")];
  const sections = new Map(
    [...document.querySelectorAll("section[data-criterion]")].map((s) => [s.dataset.criterion, s]),
  );
  const texts = new Map(rows.map((row) => [row, ""]));
  for (const row of rows)
    texts.set(row, `${row.textContent} ${sections.get(row.dataset.row)?.textContent ?? ""}`.toLowerCase());

  const visible = (row) => row.getClientRects().length > 0;
  const report = () => {
    const template = root.lang === "en" ? shown.dataset.en : shown.dataset.de;
    shown.textContent = template.replace("{shown}", String(rows.filter(visible).length));
  };
  const filter = () => {
    const wanted = search.value.trim().toLowerCase();
    for (const row of rows) {
      const hit = wanted === "" || texts.get(row).includes(wanted);
      row.hidden = !hit;
      const section = sections.get(row.dataset.row);
      if (section) section.hidden = !hit;
    }
    report();
  };
  const language = () => {
    root.lang = english.checked ? "en" : "de";
    report();
  };
  // A link from the matrix leads to a result inside a closed <details>.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const details = target?.closest("details");
    if (!details) return;
    details.open = true;
    details.scrollIntoView();
  };
  const openAll = (open) => {
    for (const details of document.querySelectorAll("details")) {
      if (open && !details.open) details.dataset.printed = "";
      if (open || "printed" in details.dataset) details.open = open;
      if (!open) delete details.dataset.printed;
    }
  };

  document.getElementById("search-field").hidden = false;
  search.addEventListener("input", filter);
  for (const input of document.querySelectorAll("input[name=rows]")) input.addEventListener("change", report);
  for (const input of document.querySelectorAll("input[name=language]")) input.addEventListener("change", language);
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => openAll(true));
  addEventListener("afterprint", () => openAll(false));
  language();
  if (location.hash) reveal();
})();
