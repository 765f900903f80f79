// The strip above the editor: what this is, and the way back to every ready-made question.
import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useRef } from 'react';
import { questions, type Question } from './questions';
import { Viewer } from './viewer';

export function Strip() {
  const menu = useRef<HTMLDetailsElement>(null);
  const open = useOpen();
  useEffect(() => {
    const closeOutside = (event: PointerEvent) => {
      if (menu.current && !menu.current.contains(event.target as Node)) menu.current.open = false;
    };
    document.addEventListener('pointerdown', closeOutside);
    return () => document.removeEventListener('pointerdown', closeOutside);
  }, []);
  const choose = (question: Question) => {
    open(question);
    if (menu.current) menu.current.open = false;
  };
  return (
    <header className="strip">
      <h1>Kualik explorer</h1>
      <p>
        A human-rights case database: who did what to whom, when, <strong>according to whom</strong>, and{' '}
        <strong>how sure</strong>.
      </p>
      <details ref={menu} onKeyDown={(event) => event.key === 'Escape' && (event.currentTarget.open = false)}>
        <summary>Questions to start from</summary>
        <ol aria-label="Ready-made questions">
          {questions.map((question) => (
            <li key={question.name}>
              <button type="button" onClick={() => choose(question)}>
                {question.title}
              </button>
            </li>
          ))}
        </ol>
      </details>
      <Viewer />
    </header>
  );
}

/** Goes to the tab that still holds the question as it was written, or opens it in a new one. */
function useOpen(): (question: Question) => void {
  const { addTab, changeTab } = useGraphiQLActions();
  const tabs = useGraphiQL((state) => state.tabs);
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  return ({ query, variables }) => {
    const index = tabs.findIndex((tab) => tab.query === query);
    if (index >= 0) return changeTab(index);
    addTab();
    queryEditor?.setValue(query);
    variableEditor?.setValue(variables ?? '');
  };
}
