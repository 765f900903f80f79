// /livez: the process answers. /readyz: it can also do its work. Neither says more than a status, for strangers read them.
const READY_WITHIN = 2_000;
const READY_KEPT = 500;

/** Asks at most twice a second, however many strangers ask; an answer that takes longer than two seconds is a no. */
export function readiness(ready: () => Promise<boolean>): () => Promise<boolean> {
  let asked = -Infinity;
  let answer: Promise<boolean> = Promise.resolve(false);
  return () => {
    const now = performance.now();
    if (now - asked > READY_KEPT) {
      asked = now;
      answer = within(READY_WITHIN, ready).catch(() => false);
    }
    return answer;
  };
}

async function within(milliseconds: number, ready: () => Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  try {
    return await Promise.race([ready(), late]);
  } finally {
    clearTimeout(timer);
  }
}
