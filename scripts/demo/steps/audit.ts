/** The audit log of everything above: streamed, counted, resumed. */
import type { AuditEvent } from '@reeve/sdk';
import { figure } from '../report.ts';
import { all, type Step } from '../stage.ts';

const RESUME_AT = 4_000;

export const readAudit: Step = {
  title: 'Audit stream',
  async run({ reeve, book, report, startedAt }) {
    const kinds = new Map<string, number>();
    const created: AuditEvent[] = [];
    const imports: unknown[] = [];
    let last = '';
    let isOrdered = true;
    for await (const event of reeve.audit.stream({ start: startedAt })) {
      kinds.set(event.event_type, (kinds.get(event.event_type) ?? 0) + 1);
      if (event.event_type === 'user.created') created.push(event);
      if (event.event_type.startsWith('import.'))
        imports.push([event.event_type, event.data?.mode ?? event.data?.state]);
      isOrdered &&= event.id > last;
      last = event.id;
    }
    const total = [...kinds.values()].reduce((sum, count) => sum + count, 0);
    report.say(
      `${figure(total)} events: ${[...kinds]
        .sort(([, a], [, b]) => b - a)
        .map(([kind, count]) => `${kind} ${figure(count)}`)
        .join(' · ')}`,
    );
    report.check('events come in order', isOrdered);
    report.check(
      'every person has one event of creation',
      created.map(({ target }) => target.id ?? '').sort(),
      book.idsOf(() => true),
    );
    report.check('two imports began, the dry run and the real one, and both ended', imports, [
      ['import.started', 'dry_run'],
      ['import.completed', 'completed'],
      ['import.started', 'insert'],
      ['import.completed', 'completed'],
    ]);
    const cursor = created[RESUME_AT - 1]?.id ?? '';
    const rest = await all(reeve.audit.stream({ start: startedAt, event_types: ['user.created'], cursor }));
    report.check(
      `resumed after the ${figure(RESUME_AT)}th, the stream gives the rest`,
      rest.map(({ id }) => id),
      created.slice(RESUME_AT).map(({ id }) => id),
    );
    const { request_id } = created[0] as AuditEvent;
    const [started] = (await reeve.audit.list({ request_id: request_id ?? '', event_types: ['import.started'] }))
      .events;
    report.check('the request id leads from a person to the import', started?.event_type, 'import.started');
  },
};
