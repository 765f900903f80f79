// Who asks, as the graph tells it to the one who asks.
import type { Resolvers, ViewerKind, ViewerRole } from '../generated/resolvers-types.js';
import { SENSITIVITIES } from './sensitivity.js';

export const viewerResolvers: Resolvers = {
  Query: {
    viewer: (_, __, { viewer }) => ({
      login: viewer.login,
      level: SENSITIVITIES[viewer.level],
      roles: [...viewer.roles].map((role) => role.toUpperCase() as ViewerRole),
      teams: [...viewer.teamNames],
      by: viewer.kind.toUpperCase() as ViewerKind,
    }),
  },
};
