// One key for the spellings of a name, so that a search in one script finds the other: Мұсаханұлы, Musahanuly.
// The key is for finding candidates only. It is lossy, and equal keys never say that two people are one.
import anyAscii from 'any-ascii';

// any-ascii drops vowels written as letters in Arabic script, without which a Kazakh or Uyghur name is unreadable.
const VOWELS: Record<string, string> = { ا: 'a', ە: 'e' };

/** Lower-case ASCII letters and digits, words one space apart; empty when nothing readable is left. */
export function nameKey(text: string): string {
  // Composed first: the breve of a decomposed й would be dropped, and Айгуль would become another name.
  const composed = text.normalize('NFKC').replace(/[اە]/g, (letter) => VOWELS[letter] ?? letter);
  return (
    anyAscii(composed)
      .toLowerCase()
      // Soft signs and apostrophes stand inside a word: Кульпаш is kulpash, not "kul pash".
      .replace(/['`"]/g, '')
      .replace(/[^a-z0-9]+/g, ' ')
      .trim()
  );
}
