/** A text a person reads, in both report languages. German comes first in every report. */
export interface Localized {
  readonly de: string;
  readonly en: string;
}
export type Language = keyof Localized;
