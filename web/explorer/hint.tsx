// What to do where no answer stands yet: an empty panel does not say that a question has to be asked.
import { useGraphiQL } from '@graphiql/react';

export function Hint() {
  const isAnswered = useGraphiQL((state) => Boolean(state.tabs[state.activeTabIndex]?.response));
  const isFetching = useGraphiQL((state) => state.isFetching);
  if (isAnswered || isFetching) return null;
  return (
    <p className="hint" role="note">
      No answer yet. Press the button with the arrow, or Ctrl-Enter in the question, and it appears here.
    </p>
  );
}
