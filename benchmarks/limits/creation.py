"""The bare limit of B1: FastAPI and one `insert_one` of the body as it came, served as the services are.

`python -m benchmarks.limits.creation PORT MONGODB_URL`.
"""

import sys
from typing import Annotated, Any
from uuid import uuid4

import uvicorn
import uvloop
from fastapi import Body, FastAPI
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import WriteConcern


async def serve(port: int, url: str) -> None:
    """Serve until SIGTERM."""
    client: Any = AsyncIOMotorClient(url)
    leads = client.get_database("bench_creation", write_concern=WriteConcern(w="majority", j=True))["leads"]
    app = FastAPI()

    @app.get("/health/ready")
    async def ready() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/v1/leads", status_code=201)
    async def create(body: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        lead = {"_id": str(uuid4()), **body}
        await leads.insert_one(lead)
        return {"id": lead.pop("_id"), **body}

    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False)
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2]))
