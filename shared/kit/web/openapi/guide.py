"""What holds for every operation, at the head of each document."""

from typing import Final

GUIDE: Final = """\
**A first request.** Every request carries a token: `crm token` prints one for a local stack.

    curl -H "Authorization: Bearer $TOKEN" "$URL/v1/..."
    curl -X POST -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
         -H "Idempotency-Key: 7f3a" -d '{...}' "$URL/v1/..."

**Lists** come in pages: `limit` records, and `next_cursor`, which is the `cursor` of the next page; on the last page
it is null.

**Errors** are problems (RFC 9457). `code` is stable and for programs, `type` leads to a page about it, `detail` says
what to do, `errors` names every wrong field. Whoever reports an error gives its `correlation_id`: the service's log has
it. What the API does not know in a body or a query is refused, and so are `If-Match`, `Idempotency-Key` and `Prefer`
where an operation does not act on them.

**Retries.** A POST with an `Idempotency-Key` may be sent again: it gets the first answer, with
`Idempotent-Replayed: true`. Only what starts a process, such as a conversion, is answered with how far it is now,
without that header: it starts once, with or without a key. Keys live for 24 hours; a refused request frees
its key. After 503 wait for `Retry-After`.

**Concurrent changes.** `ETag` is the version of a record. A write with `If-Match` is refused with 412 where the record
has another version by then; a GET with `If-None-Match` is answered with 304 where it has not changed. In a PATCH, what
is absent stays as it is; a list that is sent replaces the whole list.

**Waiting.** What another service has to confirm is answered with 202, and goes on. With `Prefer: wait=N` the answer
comes when it has ended, after N seconds at the latest (at most 60); `Preference-Applied` says so.

The documents of each service are at `/docs` and `/redoc`; `/` lists what there is.
"""
