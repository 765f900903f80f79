// The part of the edtf package we use: its grammar. Its value classes extend JavaScript's Date and are left alone.
declare module 'edtf' {
  export interface EdtfNode {
    type: 'Date' | 'Season' | 'Year' | 'Century' | 'Decade' | 'Interval' | 'Set' | 'List';
    level: 0 | 1 | 2 | 3;
  }
  export interface EdtfConstraints {
    level?: number;
    types?: EdtfNode['type'][];
    seasonIntervals?: boolean;
    seasonUncertainty?: boolean;
  }
  /** The whole reading, with bounds in milliseconds. Only the tests ask for it, to compare. */
  export default function edtf(text: string): { min: number; max: number };
  export function parse(text: string, constraints?: EdtfConstraints): EdtfNode;
}
