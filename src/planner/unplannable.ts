/** Thrown where a question cannot be told in one statement, or is not right: the resolvers then answer or refuse it. */
export class Unplannable extends Error {
  override name = 'Unplannable';
}
