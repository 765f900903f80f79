// Whose eyes these are: an answer without a record may mean that it is hidden, so whoever reads must know as whom.
import { useEffect, useState } from 'react';
import { ask } from './fetcher';
import query from './viewer.graphql?raw';

interface Known {
  login: string;
  level: string;
  by: 'ANONYMOUS' | 'SESSION' | 'TOKEN';
}

export function Viewer() {
  const [viewer, setViewer] = useState<Known | 'nobody'>();
  useEffect(() => {
    ask({ query }).then(
      (answer) => setViewer((answer as { data?: { viewer: Known } }).data?.viewer ?? 'nobody'),
      () => setViewer(undefined),
    );
  }, []);
  if (viewer === undefined) return null;
  if (viewer === 'nobody')
    return (
      <p className="viewer">
        You are not signed in, and questions are refused. <a href="/sign-in/">Sign in</a>
      </p>
    );
  return viewer.by === 'ANONYMOUS' ? (
    <p className="viewer">
      Not signed in: public records only. <a href="/sign-in/">Sign in</a>
    </p>
  ) : (
    <p className="viewer">
      Signed in as <bdi>{viewer.login}</bdi>, up to {viewer.level.toLowerCase()}. <a href="/sign-in/">Account</a>
    </p>
  );
}
