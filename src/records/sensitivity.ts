// Who may see a record: words in the graph, levels 0 to 3 in the tables.

export const SENSITIVITIES = ['PUBLIC', 'INTERNAL', 'RESTRICTED', 'SEALED'] as const;
export type SensitivityWord = (typeof SENSITIVITIES)[number];
export const levelOfWord = (word: SensitivityWord): number => SENSITIVITIES.indexOf(word);
