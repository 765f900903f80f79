/** JSON as PostgreSQL wrote it: it goes into the response as it is, and is never parsed here. */
export class JsonText {
  constructor(readonly text: string) {}
}

/** The body of a response; `data` may be text already. */
export function stringifyResult<T extends { data?: unknown }>(result: T): string {
  if (!(result.data instanceof JsonText)) return JSON.stringify(result);
  const { data, ...rest } = result;
  const others = JSON.stringify(rest).slice(1);
  return `{"data":${data.text}${others === '}' ? '' : ','}${others}`;
}
