// Which team a record belongs to, once it is RESTRICTED or SEALED: that of what it is about (the database carries it
// down, repeatable/65-rights.sql), else the one that the writer names, else the writer's only one. Who is in no team
// writes for everybody of the level.
import type { Context } from '../context.js';
import type { AnyRow } from './loaders.js';
import type { Problems } from './problems.js';

/** From here on teams matter; what is PUBLIC or INTERNAL belongs to none. */
export const TEAM_LEVEL = 2;

export interface Belonging {
  /** The table of the record. */
  noun: string;
  /** As asked for; what the record is about can raise it. */
  level: number;
  /** As it stands; null when it is new. */
  before: Pick<AnyRow, 'sensitivity' | 'teamId'> | null;
  /** What it points at: column to id. */
  references: Readonly<Record<string, unknown>>;
  /** More records that it is about. */
  besides?: readonly string[];
  /** The name given in the input. */
  team: string | null | undefined;
}

const ABOUT = `
  select coalesce(max(r.sensitivity), 0) as level,
    coalesce(array_agg(distinct r.team_id) filter (where r.sensitivity >= 2 and r.team_id <> 0), '{}') as teams
  from records r where r.id = any ($3::uuid[])
    or r.id in (select about.value::uuid from jsonb_each_text($2::jsonb) about
      where about.key = any (house.guard_columns($1)))`;

/** The team to write, undefined where it is to stay as it is or is taken from what the record is about. */
export async function teamOf(belonging: Belonging, context: Context, problems: Problems): Promise<number | undefined> {
  const { noun, references, besides = [], team } = belonging;
  const { viewer } = context;
  // Who may not see what is restricted writes nothing of it.
  if (team === undefined && viewer.level < TEAM_LEVEL) return undefined;
  const named = typeof team === 'string' ? teamNamed(team, context, problems) : undefined;
  if (team === null)
    problems.add(['team'], 'required', '"team" cannot be cleared; leave it out, or name one of your teams.');
  const [about] = await context.db.rows<{ level: number; teams: number[] }>('what it is about', ABOUT, [
    noun,
    JSON.stringify(references),
    besides,
  ]);
  return chosen(
    { ...belonging, level: Math.max(belonging.level, about!.level) },
    about!.teams,
    named,
    context,
    problems,
  );
}

/** Those that do not exist and those of others are answered alike. */
function teamNamed(name: string, { viewer }: Context, problems: Problems): number | undefined {
  const place = viewer.teamNames.indexOf(name);
  if (place >= 0) return viewer.teams[place];
  const own = viewer.teamNames.length > 0 ? `Yours are: ${viewer.teamNames.join(', ')}.` : 'You are in none; leave "team" out.'; // prettier-ignore
  problems.add(['team'], 'team_is_your_own', `You are in no team of this name. ${own}`);
  return undefined;
}

function chosen(
  { level, before, team }: Belonging,
  inherited: readonly number[],
  named: number | undefined,
  { viewer }: Context,
  problems: Problems,
): number | undefined {
  if (level < TEAM_LEVEL) {
    if (named !== undefined)
      problems.add(['team'], 'only_what_is_restricted_has_a_team', 'Only what is RESTRICTED or SEALED belongs to a team; leave "team" out.'); // prettier-ignore
    return undefined;
  }
  if (inherited.length > 0) {
    if (named !== undefined && inherited.some((id) => id !== named))
      problems.add(['team'], 'team_of_what_it_is_about', 'This record belongs to the team of what it is about; leave "team" out.'); // prettier-ignore
    return undefined;
  }
  const wasRestricted = before !== null && before.sensitivity >= TEAM_LEVEL;
  if (wasRestricted || (before && before.teamId !== 0)) {
    // What was once restricted and is open now still has its team: the versions of then are for that team alone.
    if (before.teamId !== 0 && !viewer.teams.includes(before.teamId))
      problems.add(['sensitivity'], 'a_member_restricts_again', 'This record belonged to a team that you are not in when it was restricted; ask somebody of that team to restrict it again.'); // prettier-ignore
    else if (named !== undefined && named !== before.teamId && !viewer.roles.has('reviewer'))
      problems.add(['team'], 'a_reviewer_moves', 'Only a reviewer moves a record to another team. Ask one to do it.');
    return named === before.teamId ? undefined : named;
  }
  if (team !== undefined) return named;
  if (viewer.teams.length > 1)
    problems.add(['team'], 'team_is_named', `Say which of your teams this record belongs to: ${viewer.teamNames.join(', ')}.`); // prettier-ignore
  return viewer.teams[0];
}
