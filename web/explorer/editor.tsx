// GraphiQL with our questions in its tabs. Everything comes from this server: no font, script or schema from elsewhere.
import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import { GraphiQL } from 'graphiql';
import { fetcher } from './fetcher';
import { questions } from './questions';
import { Hint } from './hint';
import { Strip } from './strip';

const tabs = questions.map(({ query, variables }) => ({ query, variables }));

const NEW_TAB = `# Write a question here; Ctrl-Space lists what can be asked, Ctrl-Enter asks it.
`;

/**
 * What is typed stays until the browser tab is closed, and no longer: these machines are often shared.
 * Headers hold tokens and are not kept at all.
 */
export default function Editor() {
  return (
    <GraphiQL
      fetcher={fetcher}
      defaultTabs={tabs}
      defaultQuery={NEW_TAB}
      storage={sessionStorage}
      shouldPersistHeaders={false}
      showPersistHeadersSettings={false}
      inputValueDeprecation
      schemaDescription
    >
      <GraphiQL.Logo>
        <span />
      </GraphiQL.Logo>
      <GraphiQL.Footer>
        <Hint />
      </GraphiQL.Footer>
      <Strip />
    </GraphiQL>
  );
}
