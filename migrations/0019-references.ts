// Reference numbers are drawn, not counted: a gap in a count would say how many records a reader does not see, and when they
// were made. Numbers that were given stay.
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class References0019 implements MigrationInterface {
  name = 'References1700000000019';

  async up(q: QueryRunner): Promise<void> {
    // By the index alone: a scan of the table would make every two SERIALIZABLE writers collide.
    await q.query(`
      create function house.draw_reference(noun text) returns bigint
      language plpgsql volatile security definer set search_path = public, pg_temp set enable_seqscan = off as $$
      declare
        digits integer := 6;
        drawn bigint;
        taken boolean;
      begin
        for attempt in 1..64 loop
          drawn := 10 ^ (digits - 1) + floor(random() * 9 * 10 ^ (digits - 1));
          execute format('select exists (select from %I where reference = $1)', noun) using drawn into taken;
          if not taken then return drawn; end if;
          -- So many of this length are given that the next one is sought among longer ones.
          if attempt % 4 = 0 then digits := digits + 1; end if;
        end loop;
        raise exception 'No free reference number was found.';
      end $$`);
    for (const noun of ['persons', 'cases']) {
      await q.query(`alter table ${noun} alter column reference drop identity`);
      await q.query(`alter table ${noun} alter column reference set default house.draw_reference('${noun}')`);
    }
  }

  async down(q: QueryRunner): Promise<void> {
    for (const noun of ['persons', 'cases']) {
      await q.query(`alter table ${noun} alter column reference drop default`);
      await q.query(`alter table ${noun} alter column reference add generated always as identity`);
      await q.query(
        `select setval(pg_get_serial_sequence('${noun}', 'reference'), (select coalesce(max(reference), 0) + 1 from ${noun}), false)`,
      );
    }
    await q.query(`drop function house.draw_reference`);
  }
}
