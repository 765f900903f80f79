// The explorer's page. The strip is there at once; the editor is large and comes after it.
import { lazy, StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import './explorer.css';

const Editor = lazy(() => import('./editor'));

const Loading = () => (
  <p className="loading" role="status">
    Loading the editor …
  </p>
);

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Suspense fallback={<Loading />}>
      <Editor />
    </Suspense>
  </StrictMode>,
);
