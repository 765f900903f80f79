// Tries again what lost a race with another transaction, and nothing else.
import { setTimeout as sleep } from 'node:timers/promises';

interface SqlError {
  code?: string;
  message?: string;
}

/** Serialization failure, deadlock. */
export const lostRace = (error: unknown): boolean => ['40001', '40P01'].includes((error as SqlError).code ?? '');

/** Two sessions changed the same row of a system catalog, or created the same role or extension at the same moment. */
export const lostCatalogRace = (error: unknown): boolean => {
  const { code, message = '' } = error as SqlError;
  return (
    lostRace(error) ||
    ['23505', '42710', '42P06', '55006'].includes(code ?? '') ||
    (code === 'XX000' && message.includes('concurrently'))
  );
};

export async function retrying<T>(
  attempts: number,
  isRace: (error: unknown) => boolean,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= attempts || !isRace(error)) throw error;
      await sleep(Math.random() * 20 * Math.min(2 ** attempt, 16));
    }
  }
}
