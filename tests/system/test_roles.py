"""A role is changed in catalog, and every other service keeps it: no service asks another one."""

from uuid import uuid4

from shared.kit.storage.connection import connect
from tests.system.crm import Crm, until

OTHERS = ("leads", "deals", "clients", "timeline")


async def test_every_service_knows_a_role_and_a_department_soon_after_they_change(crm: Crm) -> None:
    """PERM-01, PERM-09."""
    id_ = f"x{uuid4().hex[:12]}"
    assert crm.stack.mongo is not None
    databases = [connect(crm.stack.mongo.url, f"crm_{name}") for name in OTHERS]

    async def known(collection: str, field: str) -> list[object]:
        found = [await database.collection(collection).get(id_) for database in databases]
        return [each and each[field] for each in found]

    async def send(method: str, path: str, body: object = None) -> None:
        answer = await crm.call(method, "catalog", path, body)
        assert answer.is_success, answer.text

    try:
        await send("PUT", f"/roles/{id_}", {"name": "Sales", "user_ids": ["anna"]})
        await send("PUT", f"/departments/{id_}", {"name": "Sales", "member_ids": ["anna"]})
        await until(lambda: known("departments", "member_ids"), lambda found: found == [["anna"]] * len(OTHERS))
        await send("PATCH", f"/roles/{id_}", {"user_ids": ["ben"]})
        await until(lambda: known("roles", "user_ids"), lambda found: found == [["ben"]] * len(OTHERS))
        await send("DELETE", f"/roles/{id_}")
        await until(lambda: known("roles", "deleted_at"), all)
    finally:
        for database in databases:
            database.close()
    entries = (await crm.get("timeline", f"/timeline?element=role:{id_}"))["items"]
    texts = ["Role Sales was deleted", "Changed: user_ids", "Role Sales was created"]
    assert [entry["text"] for entry in entries] == texts
