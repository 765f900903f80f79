// What the files of the commands share where they are registered.
import type { Config } from '../config.js';
import type { Life } from './life.js';

/** Reads the configuration, runs to the end, closes everything; src/main.ts has it. */
export type Run = (work: (config: Config, life: Life) => Promise<void>) => Promise<void>;

/** For an option that may be given several times. */
export const collect = (text: string, before: string[] = []): string[] => [...before, text];
