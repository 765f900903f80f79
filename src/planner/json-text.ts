/** JSON as PostgreSQL wrote it: it goes into the response as it is, and is never parsed here. */
export class JsonText {
  constructor(readonly text: string) {}
}

/** The body of a response; `data` may be text already. */
export function stringifyResult<T extends { data?: unknown }>(result: T): string {
  // The order in which Apollo has them.
  if (!(result.data instanceof JsonText)) {
    const { errors, data, ...rest } = result as T & { errors?: unknown };
    return JSON.stringify({ errors, data, ...rest });
  }
  const { data, ...rest } = result;
  const others = JSON.stringify(rest).slice(1);
  return `{"data":${data.text}${others === '}' ? '' : ','}${others}`;
}
