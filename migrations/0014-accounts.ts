// Accounts: who may ask, how they prove it, and what is remembered while they are here. Secrets are kept as SHA-256 only
// (the TOTP secret sealed by the application), so this schema, or a backup of it, opens no door.
// The look-up and the triggers that end contexts and sessions are in repeatable/60-accounts.sql.
import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES = [
  // What a person may do: verbs (roles), how deep (level), and for whom (memberships).
  `create table auth.accounts (
    id integer generated always as identity primary key,
    login text not null constraint logins_are_unique unique
      constraint a_login_is_short_and_plain check (login ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    roles text[] not null constraint roles_are_known
      check (roles <@ array['reader', 'editor', 'reviewer', 'exporter', 'admin', 'auditor'] and cardinality(roles) > 0),
    level smallint not null constraint an_account_has_a_level_of_0_to_3 check (level between 0 and 3),
    active boolean not null default true,
    password text constraint a_password_is_hashed_with_argon2id check (password like '$argon2id$%'),
    totp_sealed bytea,
    totp_step bigint not null default 0,
    created_at timestamptz not null default now()
  )`,
  `create table auth.teams (
    id integer generated always as identity primary key,
    name text not null constraint team_names_are_unique unique
      constraint a_team_has_a_name check (name = btrim(name) and length(name) between 1 and 80),
    created_at timestamptz not null default now()
  )`,
  `create table auth.memberships (
    account_id integer not null references auth.accounts on delete cascade,
    team_id integer not null references auth.teams on delete cascade,
    primary key (account_id, team_id)
  )`,
  `create table auth.sessions (
    hash bytea primary key,
    id integer generated always as identity unique,
    account_id integer not null references auth.accounts on delete cascade,
    methods text[] not null,
    created_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    ends_at timestamptz not null,
    stepped_up_at timestamptz not null default now(),
    browser text not null default ''
  )`,
  `create table auth.tokens (
    hash bytea primary key,
    id integer generated always as identity unique,
    account_id integer not null references auth.accounts on delete cascade,
    name text not null,
    roles text[] not null,
    level smallint not null check (level between 0 and 3),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    used_on date,
    constraint a_token_lives_90_days_at_most check (expires_at <= created_at + interval '90 days')
  )`,
  `create table auth.passkeys (
    id text primary key,
    account_id integer not null references auth.accounts on delete cascade,
    public_key bytea not null,
    counter bigint not null,
    transports text[] not null default '{}',
    name text not null,
    created_at timestamptz not null default now(),
    used_at timestamptz
  )`,
  // Whom an identity provider calls (issuer, subject); only an administrator writes here.
  `create table auth.identities (
    issuer text not null,
    subject text not null,
    account_id integer not null references auth.accounts on delete cascade,
    primary key (issuer, subject)
  )`,
  `create table auth.recovery_codes (
    account_id integer not null references auth.accounts on delete cascade,
    hash bytea not null,
    primary key (account_id, hash)
  )`,
  // Something begun and not finished: a sign-in between two steps, a link that was handed out, a challenge.
  `create table auth.flows (
    hash bytea primary key,
    kind text not null,
    account_id integer references auth.accounts on delete cascade,
    data jsonb not null default '{}',
    tries smallint not null default 0,
    expires_at timestamptz not null
  )`,
  `create table auth.throttles (
    key bytea primary key,
    tries integer not null,
    since timestamptz not null,
    until timestamptz not null
  )`,
  // What a request shows to PostgreSQL (auth.enter): one row per credential and server process, an hour at most.
  `create table auth.contexts (
    hash bytea primary key,
    account_id integer not null references auth.accounts on delete cascade,
    credential bytea not null,
    level smallint not null check (level between 0 and 3),
    teams integer[] not null,
    actor text not null,
    expires timestamptz not null
  )`,
];

const INDEXES = [
  `create index sessions_by_account on auth.sessions (account_id)`,
  `create index tokens_by_account on auth.tokens (account_id)`,
  `create index passkeys_by_account on auth.passkeys (account_id)`,
  `create index memberships_by_team on auth.memberships (team_id)`,
  `create index contexts_by_account on auth.contexts (account_id)`,
  `create index contexts_by_credential on auth.contexts (credential)`,
  `create index contexts_by_end on auth.contexts (expires)`,
  `create index flows_by_end on auth.flows (expires_at)`,
  `create index throttles_by_end on auth.throttles (until)`,
];

export class Accounts0014 implements MigrationInterface {
  name = 'Accounts1700000000014';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`create schema auth`);
    for (const statement of [...TABLES, ...INDEXES]) await q.query(statement);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`drop schema auth cascade`);
  }
}
