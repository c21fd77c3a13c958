// Every fixed text of the reports, in both languages and in one place, so that a reader can proofread it.
import type { Localized } from "../../harness/model/text.ts";

const texts = {
  title: ["Vergleichsbericht Messenger", "Messenger comparison report"],
  language: ["Sprache", "Language"],
  skip: ["Zum Inhalt springen", "Skip to content"],
  contents: ["Inhalt", "Contents"],
  run: ["Lauf", "Run"],
  profile: ["Profil", "Profile"],
  date: ["Datum", "Date"],
  yes: ["ja", "yes"],
  no: ["nein", "no"],
  none: ["keine", "none"],
  product: ["Produkt", "Product"],
  products: ["Produkte", "Products"],
  criterion: ["Kriterium", "Criterion"],
  reason: ["Grund", "Reason"],
  total: ["Gesamt", "Total"],
  group: ["Gruppe", "Group"],

  summary: ["Zusammenfassung", "Summary"],
  compared: ["Was verglichen wurde", "What was compared"],
  comparedText: [
    "Verglichen werden {products} nach {criteria} Kriterien: {required} Ausschlusskriterien (A) und {scored} Bewertungskriterien (B) mit zusammen {gp} Gewichtungspunkten. Geprüft wurden in diesem Lauf {tested} der {criteria} Kriterien; was nicht geprüft ist, zählt nirgends als erfüllt. Gewertet wird die gehärtete Konfiguration; der Auslieferungszustand steht daneben.",
    "{products} are compared by {criteria} criteria: {required} exclusion criteria (A) and {scored} scored criteria (B) with {gp} weight points in total. This run tested {tested} of the {criteria} criteria; what is not tested counts nowhere as met. The hardened configuration counts; the configuration as shipped stands beside it.",
  ],
  sameForAll: [
    "Alle Produkte durchliefen dieselben Szenarien auf demselben Rechner mit denselben Regeln.",
    "All products ran through the same scenarios on the same host under the same rules.",
  ],
  notSameForAll: [
    "Der Prüfplan dieses Laufs war nicht für alle Produkte gleich; ein Vergleich der Summen ist nur eingeschränkt möglich.",
    "The plan of this run was not the same for all products; comparing the totals is of limited value.",
  ],
  measuredOn: ["Gemessen am", "Measured on"],
  ranking: ["Rangfolge", "Ranking"],
  rankingCaption: [
    "Rangfolge nach Leistungspunkten der nicht ausgeschlossenen Produkte",
    "Ranking by score of the products that are not excluded",
  ],
  rank: ["Rang", "Rank"],
  standing: ["Stand", "Standing"],
  eligible: ["wertbar", "eligible"],
  excluded: ["ausgeschlossen", "excluded"],
  open: ["offen", "open"],
  provisional: ["vorläufig", "provisional"],
  informative: ["informativ", "for information"],
  score: ["Leistungspunkte", "Score"],
  ofMax: ["von höchstens {max}", "of at most {max}"],
  fulfilment: ["Zielerfüllungsgrad", "Degree of fulfilment"],
  requiredTested: ["Ausschlusskriterien geprüft", "Exclusion criteria tested"],
  kOfN: ["{tested} von {required}", "{tested} of {required}"],
  exclusions: ["Ausschlüsse und offene Ausschlusskriterien", "Exclusions and open exclusion criteria"],
  openForAll: ["Bei allen Produkten offen, weil nicht geprüft:", "Open for all products because not tested:"],
  openUntested: ["Offen, weil nicht geprüft:", "Open because not tested:"],
  noExclusions: [
    "Kein Produkt ist ausgeschlossen, und kein Ausschlusskriterium ist offen.",
    "No product is excluded, and no exclusion criterion is open.",
  ],
  isExcluded: ["{product} ist ausgeschlossen.", "{product} is excluded."],
  isOpen: ["{product} ist weder ausgeschlossen noch bestätigt.", "{product} is neither excluded nor confirmed."],
  byGroup: ["Zielerfüllungsgrad je Gruppe", "Degree of fulfilment by group"],
  byGroupValues: ["Zielerfüllungsgrad je Gruppe: Werte", "Degree of fulfilment by group: values"],
  byGroupCaption: [
    "Zielerfüllungsgrad in Prozent der erreichbaren Leistungspunkte, je Gruppe und Produkt",
    "Degree of fulfilment in per cent of the attainable score, by group and product",
  ],
  weightOfGroup: ["{gp} GP, Anteil {share}", "{gp} WP, share {share}"],
  requiredOnly: ["nur Ausschlusskriterien", "exclusion criteria only"],
  chartNote: [
    "Balken von 0 bis 100 Prozent; dieselben Werte stehen als Tabelle am Ende der Zusammenfassung. Heller Balken: Produkt ausgeschlossen, Wert nur informativ.",
    "Bars from 0 to 100 per cent; the table at the end of the summary has the same values. Light bar: product excluded, value for information only.",
  ],
  notTestedTitle: ["Was nicht geprüft oder nicht geklärt wurde", "What was not tested or not settled"],
  notTestedCaption: [
    "Nicht geprüfte und unklare Kriterien nach Grund; ohne Zusatz bei allen Produkten",
    "Criteria not tested or inconclusive, by reason; for all products unless said otherwise",
  ],
  nothingOpen: ["Alle Zeilen wurden geprüft und geklärt.", "All rows were tested and settled."],
  rows: ["Kriterien", "Criteria"],
  risks: ["Risiken und Vorbehalte", "Risks and reservations"],
  noRisks: ["Aus den Messdaten ergibt sich kein Vorbehalt.", "The measured data give no reason for reservations."],
  riskDefault: [
    "Im Auslieferungszustand verfehlt {product} Ausschlusskriterien: {rows}. Die Wertung gilt nur mit der dokumentierten Härtung.",
    "As shipped, {product} misses exclusion criteria: {rows}. The verdicts hold only with the documented hardening.",
  ],
  riskUnproven: [
    "„Erfüllt“ ohne gültigen Nachweis, dass die Prüfung einen Fehler erkennt: {rows}.",
    "“Met” without a valid proof that the check detects a fault: {rows}.",
  ],
  riskUnstable: [
    "Wiederholungen führten zu verschiedenen Ergebnissen (instabil): {rows}.",
    "Repetitions gave different verdicts (unstable): {rows}.",
  ],
  riskAttested: [
    "Auf Dokumenten statt auf Messungen beruhen (Nachweisgrad E1 bis E3): {rows}.",
    "Based on documents rather than measurements (grades E1 to E3): {rows}.",
  ],
  riskUnfinished: [
    "Der Lauf wurde nicht bis zum Ende ausgeführt ({outcome}).",
    "The run was not carried through to its end ({outcome}).",
  ],
  riskDirty: [
    "Der Prüfstand lief mit Änderungen, die in keiner Version festgehalten sind.",
    "The bench ran with changes that are not recorded in any version.",
  ],
  riskCompressed: [
    "Bei {rows} wurden Zeiten verkürzt; Einzelheiten unter „Verkürzte Zeiten“.",
    "Times were compressed for {rows}; see “Compressed times”.",
  ],
  interrupted: ["abgebrochen", "interrupted"],
  unfinished: ["unvollständig", "unfinished"],
  completed: ["vollständig", "completed"],
  compression: ["Verkürzte Zeiten", "Compressed times"],
  noCompression: ["Keine Zeit wurde verkürzt.", "No time was compressed."],
  compressionCaption: ["Gegenüber dem vollen Prüfplan verkürzte Werte", "Values compressed against the full plan"],
  parameter: ["Größe", "Parameter"],
  planned: ["vorgesehen", "planned"],
  used: ["verwendet", "used"],
  factor: ["Faktor", "Factor"],
  recommendation: ["Empfehlung (getrennt von den Feststellungen)", "Recommendation (apart from the findings)"],
  recommendNone: [
    "Kein Produkt ist wertbar: Alle verfehlen mindestens ein Ausschlusskriterium.",
    "No product is eligible: all miss at least one exclusion criterion.",
  ],
  recommendNothing: [
    "Ein Vergleich nach Leistungspunkten ist nicht möglich: Kein wertbares Produkt hat in diesem Lauf Leistungspunkte erreicht.",
    "A comparison by score is not possible: no eligible product scored in this run.",
  ],
  recommendTie: [
    "Nach Leistungspunkten liegen {product} gleichauf vorn ({share}).",
    "By score, {product} lead with equal results ({share}).",
  ],
  recommendLead: ["Nach Leistungspunkten liegt {product} vorn ({share}).", "By score, {product} leads ({share})."],
  recommendOpen: [
    "Die Rangfolge ist vorläufig, solange Ausschlusskriterien offen sind ({products}).",
    "The ranking is provisional while exclusion criteria are open ({products}).",
  ],
  recommendPrice: [
    "Preise lagen nicht vor; eine Kennzahl nach der Richtwertmethode (UfAB 2018) ist deshalb nicht gerechnet. Über den Zuschlag entscheidet die Vergabestelle.",
    "No prices were given, so no figure after the Richtwertmethode (UfAB 2018) was computed. The awarding authority decides on the award.",
  ],

  matrix: ["Bewertungsmatrix", "Evaluation matrix"],
  matrixIntro: [
    "Jede Zelle führt zur Begründung. „Wertung“ ist das Ergebnis der Konfiguration, die zählt (in der Regel die gehärtete), „ab Werk“ der Auslieferungszustand zum Vergleich.",
    "Each cell leads to its reason. “Verdict” is the result of the configuration that counts (usually the hardened one), “as shipped” the vendor's default for comparison.",
  ],
  filter: ["Auswahl", "Filter"],
  showRows: ["Zeilen", "Rows"],
  filterAll: ["alle", "all"],
  filterTested: ["geprüfte", "tested"],
  filterDiffers: ["Unterschiede zwischen Produkten", "what differs"],
  filterFailed: ["nicht oder nur teilweise erfüllt", "not or only partly met"],
  filterOpen: ["offen (nicht geprüft, unklar)", "open (not tested, inconclusive)"],
  showColumns: ["Produkte nebeneinander", "Products side by side"],
  search: ["Suche in Kriterien und Begründungen", "Search criteria and reasons"],
  shown: ["{shown} von {all} Kriterien angezeigt", "{shown} of {all} criteria shown"],
  requiredTable: ["Ausschlusskriterien (A)", "Exclusion criteria (A)"],
  requiredCaption: [
    "Ausschlusskriterien: Ein „nicht erfüllt“ schließt das Produkt aus.",
    "Exclusion criteria: one “not met” excludes the product.",
  ],
  scoredTable: ["Bewertungskriterien (B)", "Scored criteria (B)"],
  scoredCaption: [
    "Bewertungskriterien: Bewertungspunkte (BP, 0 bis 10) × Gewichtungspunkte (GP) = Leistungspunkte (LP)",
    "Scored criteria: points (BP, 0 to 10) × weight (GP) = score (LP)",
  ],
  kind: ["Art", "Kind"],
  weight: ["GP", "GP"],
  weightPercent: ["Anteil", "Share"],
  verdict: ["Wertung", "Verdict"],
  asShipped: ["ab Werk", "as shipped"],
  minimum: ["Mindestens {bp} BP", "At least {bp} BP"],
  notMeasured: ["nicht gemessen", "not measured"],
  noRecord: ["Im Ergebnis des Laufs steht kein Eintrag.", "The result of the run has no record."],
  groupPoints: ["Zielerfüllungsgrad der Gruppe", "Group's degree of fulfilment"],
  unproven: ["ohne Nachweis", "unproven"],
  stale: ["Nachweis veraltet", "proof stale"],
  missed: ["Nachweis misslungen", "proof failed"],
  unstable: ["instabil", "unstable"],
  attested: ["Dokument", "document"],

  reasons: ["Begründungen", "Reasons"],
  reasonsIntro: [
    "Je Kriterium: Regel, Quelle und für jedes Produkt Messwert, Rechnung, Belege und Stand des Nachweises. „Festlegung“ bezeichnet Werte, die dieses Projekt selbst setzt, weil keine Norm sie vorgibt.",
    "For each criterion: rule, source, and for each product the measured value, arithmetic, evidence and state of proof. “House value” marks values this project sets itself because no norm gives one.",
  ],
  rule: ["Regel", "Rule"],
  sources: ["Quellen", "Sources"],
  house: ["Festlegung", "house value"],
  sourceRead: ["an der Quelle gelesen", "read at the source"],
  sourceKnowledge: ["aus Fachwissen, noch gegenzuprüfen", "from general knowledge, to be counter-checked"],
  sourceNone: ["", ""],
  scenarios: ["Szenarien", "Scenarios"],
  method: ["Verfahren", "Method"],
  "auto-server": ["Messung am Server", "measured at the server"],
  "auto-client": ["Messung am Client", "measured at the client"],
  "attested-method": ["Nachweis durch Dokument", "shown by document"],
  counts: ["zählt", "counts"],
  forDisplay: ["nur zum Vergleich", "for comparison only"],
  hardened: ["gehärtet", "hardened"],
  default: ["Auslieferungszustand", "as shipped"],
  conditions: ["Bedingungen der Regel", "Conditions of the rule"],
  condition: ["Bedingung", "Condition"],
  observed: ["Beobachtet", "Observed"],
  held: ["Eingehalten", "Held"],
  undecided: ["nicht entschieden", "undecided"],
  measurements: ["Messwerte", "Measurements"],
  measurement: ["Messgröße", "Measurement"],
  value: ["Wert", "Value"],
  role: ["Rolle", "Role"],
  "role-rule": ["entscheidet", "decides"],
  "role-report": ["zur Kenntnis", "for information"],
  "role-valid": ["Gültigkeit", "validity"],
  "role-control": ["Kontrolle", "control"],
  repetitions: ["Wiederholungen", "Repetitions"],
  notApplicableBecause: ["nicht anwendbar", "not applicable"],
  missingAbility: ["Fähigkeit fehlt", "ability missing"],
  arithmetic: ["Rechnung", "Arithmetic"],
  evidence: ["Belege", "Evidence"],
  noEvidence: ["kein Beleg abgelegt", "no evidence stored"],
  notLinked: ["nicht verlinkt: kein zulässiger Pfad", "not linked: not a permitted path"],
  grade: ["Nachweisgrad", "Evidence grade"],
  E0: ["E0 (ohne Beleg)", "E0 (no evidence)"],
  E1: ["E1 (öffentliche Herstellerangabe, nicht gemessen)", "E1 (public vendor documentation, not measured)"],
  E2: ["E2 (vertragliche Zusicherung, nicht gemessen)", "E2 (contractual statement, not measured)"],
  E3: ["E3 (unabhängige Prüfstelle, nicht selbst gemessen)", "E3 (independent laboratory, not measured here)"],
  E4: ["E4 (vom Prüfstand gemessen)", "E4 (measured by the bench)"],
  proof: ["Nachweis der Prüfung", "Proof of the check"],
  "proof-proven": [
    "erbracht: Gegenprobe zuletzt am {at} erkannt ({controls})",
    "proven: negative control last caught on {at} ({controls})",
  ],
  "proof-unproven": ["nicht erbracht: keine Gegenprobe gelaufen", "unproven: no negative control has been run"],
  "proof-stale": [
    "veraltet: zuletzt am {at}, seither wurde die Prüfung geändert ({controls})",
    "stale: last held on {at}, the check has changed since ({controls})",
  ],
  "proof-missed": [
    "misslungen: Gegenprobe am {at} nicht erkannt ({controls})",
    "failed: negative control not caught on {at} ({controls})",
  ],
  unstableText: ["Instabil: Die Wiederholungen ergaben {words}.", "Unstable: the repetitions gave {words}."],
  tested: ["Geprüft", "Tested"],
  testedText: ["am {at} mit Version {version}", "on {at} with version {version}"],
  image: ["Abbild", "Image"],
  repeat: ["Wiederholen mit", "Repeat with"],
  faults: ["Störungen", "Faults"],
  fault: ["Störung", "Fault"],
  step: ["Schritt", "Step"],
  hint: ["Abhilfe", "Remedy"],
  backToMatrix: ["zur Matrix", "to the matrix"],

  charts: ["Messverläufe", "Measured curves"],
  chartsIntro: [
    "Verteilungen statt Mittelwerten. Eine nicht zugestellte Nachricht zählt als unendlich lange Zustellzeit und steht als Kreuz am oberen Rand.",
    "Distributions instead of means. A message that was not delivered counts as infinitely late and stands as a cross at the upper edge.",
  ],
  chartTable: ["Werte als Tabelle", "Values as a table"],
  lost: ["nicht zugestellt", "not delivered"],
  count: ["Werte", "Values"],
  min: ["kleinster", "smallest"],
  median: ["Median", "median"],
  p95: ["95 %", "95%"],
  max: ["größter", "largest"],
  last: ["letzter", "last"],
  chartAlt: [
    "Liniendiagramm. Waagrecht: {x}. Senkrecht: {unit}. Linien: {series}. Die Werte stehen in der Tabelle darunter.",
    "Line chart. Horizontal: {x}. Vertical: {unit}. Lines: {series}. The table below has the values.",
  ],

  facts: ["Steckbrief", "Facts"],
  version: ["Version", "Version"],
  vendor: ["Hersteller", "Vendor"],
  licence: ["Lizenz", "Licence"],
  protocol: ["Protokoll", "Protocol"],
  encryption: ["Ende-zu-Ende-Verfahren", "End-to-end methods"],
  abilities: ["Angegebene Fähigkeiten", "Claimed abilities"],
  shares: ["Nachweisgrade", "Evidence grades"],
  sharesCaption: [
    "Wertungen nach Nachweisgrad; Gemessenes und Belegtes wird nicht zusammengezählt",
    "Verdicts by evidence grade; measured and attested are not added up",
  ],
  requiredVerdicts: ["Ausschlusskriterien", "Exclusion criteria"],
  notes: ["Besonderheiten im Labor", "Peculiarities in the lab"],
  failures: ["Nicht oder nur teilweise erfüllt", "Not or only partly met"],
  failuresCaption: [
    "Abweichungen mit Erwartung, Beobachtung, Fundstelle und Abhilfe",
    "Deviations with expectation, observation, clause and remedy",
  ],
  repeatRow: ["Eine Zeile wiederholen", "Repeat one row"],
  "ability-federation": ["Föderation", "federation"],
  "ability-federation-allow-list": ["Positivliste für die Föderation", "federation allow list"],
  "ability-defederation-while-running": ["Ausschluss im laufenden Betrieb", "defederation while running"],
  "ability-group-chat": ["Gruppenchat", "group chat"],
  "ability-end-to-end-encryption": ["Ende-zu-Ende-Verschlüsselung", "end-to-end encryption"],
  "ability-file-transfer": ["Dateiübertragung", "file transfer"],
  "ability-message-retraction": ["Rückruf von Nachrichten", "message retraction"],
  "ability-history": ["Nachrichtenverlauf", "message history"],
  "ability-account-deletion": ["Löschen von Konten", "account deletion"],
  "ability-account-disabling": ["Sperren von Konten", "account disabling"],
  "ability-admin-api": ["Verwaltungsschnittstelle", "administration interface"],
  "ability-registration-policy": ["Regeln für die Registrierung", "registration policy"],
  noFailures: ["Alle geprüften Kriterien sind erfüllt.", "All tested criteria are met."],
  expected: ["Erwartet", "Expected"],
  clause: ["Fundstelle", "Clause"],
  noFaults: ["Keine Störung des Prüfstands oder des Labors.", "No fault of the bench or the lab."],
  faultsIntro: [
    "Störungen gehören dem Prüfstand oder dem Labor und werden nie dem Produkt angelastet.",
    "Faults belong to the bench or the lab and are never held against the product.",
  ],
  deviations: ["Abweichungen vom Auslieferungszustand", "Deviations from the shipped configuration"],
  deviationsCaption: ["Jede Abweichung mit ihrem Grund", "Each deviation with its reason"],
  noDeviations: ["Keine Abweichung.", "No deviation."],
  setting: ["Einstellung", "Setting"],
  from: ["vorher", "before"],
  to: ["nachher", "after"],
  purpose: ["Zweck", "Purpose"],
  lab: ["Labor", "lab"],
  hardening: ["Härtung", "hardening"],
  configuration: ["Konfiguration", "Configuration"],
  configDiff: ["Unterschied der Konfigurationsdateien", "Difference of the configuration files"],

  annexes: ["Anlagen", "Annexes"],
  provenance: ["Herkunft der Daten", "Provenance"],
  provenanceCaption: ["Angaben zum Lauf", "Facts about the run"],
  runId: ["Kennung des Laufs", "Run id"],
  started: ["Beginn", "Started"],
  outcome: ["Ausgang", "Outcome"],
  command: ["Befehl", "Command"],
  seed: ["Startwert (Seed)", "Seed"],
  repetitionsPlanned: ["Wiederholungen je Szenario", "Repetitions per scenario"],
  harness: ["Prüfstand", "Bench"],
  catalogue: ["Kriterienkatalog", "Catalogue"],
  catalogueHash: ["Katalog, SHA-256", "Catalogue, SHA-256"],
  journalHash: ["Journal, SHA-256", "Journal, SHA-256"],
  host: ["Rechner", "Host"],
  hostText: [
    "{os}, Kernel {kernel}, {cpu}, {cores} Kerne, {memory} Arbeitsspeicher",
    "{os}, kernel {kernel}, {cpu}, {cores} cores, {memory} memory",
  ],
  images: ["Abbilder und Pakete", "Images and packages"],
  imagesCaption: ["Abbilder, mit denen gemessen wurde", "Images that were measured"],
  service: ["Dienst", "Service"],
  digest: ["Prüfsumme", "Digest"],
  packages: ["{count} Pakete", "{count} packages"],
  proofs: ["Nachweise der Prüfungen", "Proofs of the checks"],
  proofsIntro: [
    "Jede Prüfung muss an einem absichtlich verfälschten Server oder Labor scheitern können. „erkannt“ heißt: Die Prüfung hat die Verfälschung bemerkt.",
    "Each check must be able to fail on a deliberately broken server or lab. “caught” means that the check noticed the sabotage.",
  ],
  proofsCaption: [
    "Gegenproben je Kriterium und Protokollfamilie",
    "Negative controls by criterion and protocol family",
  ],
  noProofs: ["Diesem Bericht liegen keine Gegenproben vor.", "No negative controls were given to this report."],
  control: ["Gegenprobe", "Control"],
  family: ["Protokoll", "Protocol"],
  proofOutcome: ["Ergebnis", "Outcome"],
  "outcome-caught": ["erkannt", "caught"],
  "outcome-missed": ["nicht erkannt", "missed"],
  "outcome-error": ["nicht auswertbar", "error"],
  at: ["Zeitpunkt", "Time"],
  glossary: ["Glossar", "Glossary"],
  people: ["Beteiligte", "People involved"],
  peopleText: [
    "Durchführung, Vier-Augen-Prüfung, Beteiligung von Personalrat und Datenschutzbeauftragten: von der Vergabestelle zu ergänzen.",
    "Execution, four-eyes check, consultation of staff council and data protection officer: to be filled in by the awarding authority.",
  ],
  footer: [
    "Erzeugt von Prüfstand {version} aus einem aufgezeichneten Lauf. Die Datei ist ohne Netz und ohne Skript lesbar.",
    "Made by Prüfstand {version} from a recorded run. The file can be read without network and without script.",
  ],

  "threshold-held": ["Grenzwert eingehalten", "threshold held"],
  "threshold-missed": ["Grenzwert verfehlt", "threshold missed"],
  "missing-ability": ["Fähigkeit fehlt", "ability missing"],
  "no-scenario": ["noch kein Szenario", "no scenario yet"],
  "not-in-plan": ["nicht im Prüfplan dieses Laufs", "not in the plan of this run"],
  "no-driver": ["kein Treiber für dieses Produkt", "no driver for this product"],
  "no-permission": ["keine schriftliche Erlaubnis", "no written permission"],
  "no-document": ["kein Dokument vorgelegt", "no document handed in"],
  "total-differs": ["andere Gesamtzahl als verlangt", "total differs from the one required"],
  "control-failed": ["Kontrollmessung fehlgeschlagen", "control failed"],
  "harness-fault": ["Fehler des Prüfstands", "fault of the bench"],
  environment: ["Störung im Labor", "fault in the lab"],
  deadline: ["Zeitüberschreitung des Prüfstands", "time-out of the bench"],
  "invalid-run": ["Messung ungültig", "measurement not valid"],
  "nothing-observed": ["nichts beobachtet", "nothing observed"],
  censored: ["im Beobachtungsfenster nicht eingetreten", "not seen inside the window"],
  "needs-person": ["wartet auf die Bewertung durch eine Person", "waits for a person's look"],
  "stated-need": ["vom erklärten Bedarf nicht umfasst", "dropped by the stated need"],
} as const satisfies Readonly<Record<string, readonly [string, string]>>;

const byKey = new Map<string, readonly [string, string]>(Object.entries(texts));

type Filling = string | number | Localized;

function filled(text: string, language: keyof Localized, values: Readonly<Record<string, Filling>>): string {
  return text.replace(/\{(\w+)\}/gu, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new RangeError(`text "${text}" expects a value for {${name}}, got none`);
    return typeof value === "object" ? value[language] : String(value);
  });
}

/** True if a fixed text with this key exists. */
export function hasWord(key: string): boolean {
  return byKey.has(key);
}

/** A fixed text by key, its `{names}` filled in. Throws on an unknown key or a missing value. */
export function word(key: string, values: Readonly<Record<string, Filling>> = {}): Localized {
  const text = byKey.get(key);
  if (text === undefined) throw new RangeError(`reports/text/words.ts expected to have "${key}", got no such text`);
  return { de: filled(text[0], "de", values), en: filled(text[1], "en", values) };
}

/** Terms of the field, explained for readers outside it. */
export const glossary: readonly { readonly term: Localized; readonly meaning: Localized }[] = [
  {
    term: { de: "Ausschlusskriterium (A)", en: "Exclusion criterion (A)" },
    meaning: {
      de: "Anforderung, die mit ja oder nein beantwortet wird. Ein „nicht erfüllt“ schließt das Produkt aus.",
      en: "Requirement answered with yes or no. One “not met” excludes the product.",
    },
  },
  {
    term: { de: "Bewertungskriterium (B)", en: "Scored criterion (B)" },
    meaning: {
      de: "Anforderung, für die 0 bis 10 Bewertungspunkte (BP) vergeben werden.",
      en: "Requirement that earns 0 to 10 points (BP).",
    },
  },
  {
    term: { de: "Gewichtungspunkte (GP)", en: "Weight points (GP)" },
    meaning: { de: "Gewicht eines Bewertungskriteriums.", en: "Weight of a scored criterion." },
  },
  {
    term: { de: "Leistungspunkte (LP)", en: "Score (LP)" },
    meaning: {
      de: "Bewertungspunkte × Gewichtungspunkte; die Summe ist die Leistung eines Produkts.",
      en: "Points × weight; the sum is a product's score.",
    },
  },
  {
    term: { de: "Zielerfüllungsgrad", en: "Degree of fulfilment" },
    meaning: {
      de: "Erreichte Leistungspunkte in Prozent der erreichbaren.",
      en: "Score in per cent of the attainable score.",
    },
  },
  {
    term: { de: "nicht geprüft", en: "not tested" },
    meaning: {
      de: "Es wurde nicht gemessen. Zählt nie als erfüllt; ein Ausschlusskriterium bleibt offen, ein Bewertungskriterium erhält 0 BP.",
      en: "No measurement was taken. Never counts as met; an exclusion criterion stays open, a scored one earns 0 BP.",
    },
  },
  {
    term: { de: "unklar", en: "inconclusive" },
    meaning: {
      de: "Es wurde gemessen, aber das Ergebnis entscheidet nicht, zum Beispiel wegen einer Störung des Prüfstands.",
      en: "A measurement was taken but does not decide, for example because of a fault of the bench.",
    },
  },
  {
    term: { de: "Nachweisgrad E0 bis E4", en: "Evidence grade E0 to E4" },
    meaning: {
      de: "E4 vom Prüfstand gemessen, E3 unabhängige Prüfstelle, E2 vertragliche Zusicherung, E1 öffentliche Herstellerangabe, E0 ohne Beleg.",
      en: "E4 measured by the bench, E3 independent laboratory, E2 contractual statement, E1 public vendor documentation, E0 no evidence.",
    },
  },
  {
    term: { de: "Gegenprobe", en: "Negative control" },
    meaning: {
      de: "Absichtlich verfälschter Server oder gestörtes Labor; die Prüfung muss es bemerken, sonst ist sie ohne Nachweis.",
      en: "Deliberately broken server or lab; the check must notice it, otherwise it is unproven.",
    },
  },
  {
    term: { de: "Festlegung", en: "House value" },
    meaning: {
      de: "Wert, den dieses Projekt selbst setzt, weil keine Norm ihn vorgibt.",
      en: "Value this project sets itself because no norm gives one.",
    },
  },
  {
    term: { de: "gehärtete Konfiguration", en: "hardened configuration" },
    meaning: {
      de: "Konfiguration, wie sie ein sorgfältiger Betreiber setzt; jede Abweichung vom Auslieferungszustand ist begründet.",
      en: "Configuration as a careful operator sets it; each deviation from the shipped one has a reason.",
    },
  },
  {
    term: { de: "Föderation", en: "Federation" },
    meaning: {
      de: "Nachrichtenaustausch zwischen eigenständigen Servern verschiedener Behörden.",
      en: "Exchange of messages between independent servers of different authorities.",
    },
  },
];
