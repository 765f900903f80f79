// What a feed of changes and a fixed past need of history.transactions: an id that orders the transactions of all times,
// made from the cluster's own count, and an instant that is taken after every reader can see that somebody writes.
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Feed0013 implements MigrationInterface {
  name = 'Feed1700000000013';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      create table history.eras (
        id integer primary key,
        timeline text not null,
        made_by xid8 not null,
        began_at timestamptz not null default now()
      )`);
    await q.query(
      `comment on table history.eras is 'Where this database lived: a restored or promoted one may count its transactions anew, and a new era keeps their order.'`,
    );
    // The trigger is the only writer, and a check against this table would make every two writers collide (see 0014-history.md).
    await q.query(`
      do $do$ declare found record; begin
        for found in select conname, conrelid::regclass as history from pg_constraint where confrelid = 'history.transactions'::regclass loop
          execute format('alter table %s drop constraint %I', found.history, found.conname);
        end loop;
      end $do$`);
    await q.query(`
      alter table history.transactions
        alter column id drop identity if exists,
        alter column xid drop default,
        alter column recorded_at drop default`);
    await q.query(`drop index history.transactions_by_xid`);
    await q.query(`create index transactions_by_instant on history.transactions (recorded_at, id)`);
    await q.query(
      `comment on column history.transactions.id is 'Era, then the transaction id of the cluster in the lower 48 bits. Rows from before there were eras have small numbers.'`,
    );
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`drop index history.transactions_by_instant`);
    await q.query(`create unique index transactions_by_xid on history.transactions (xid)`);
    await q.query(`
      alter table history.transactions
        alter column recorded_at set default now(),
        alter column xid set default pg_current_xact_id(),
        alter column id add generated always as identity`);
    await q.query(`drop table history.eras`);
  }
}
