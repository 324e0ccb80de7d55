"""Generate TypeScript types of all services, and compile `patches.ts` with them: `make clients`. Needs node."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from deploy.local.services import SERVICES
from tests.api.documents import document_of

PACKAGES: Final = ("openapi-typescript@7.13.0", "typescript@5.9.3")


def main() -> int:
    if shutil.which("npm") is None:
        sys.stderr.write("node and npm are needed\n")
        return 1
    with TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(["npm", "install", "--silent", "--no-audit", *PACKAGES], cwd=folder, check=True)
        for service in SERVICES:
            (folder / f"{service}.json").write_text(json.dumps(document_of(service)))
            generate = ["node_modules/.bin/openapi-typescript", f"{service}.json", "--output", f"{service}.d.ts"]
            subprocess.run(generate, cwd=folder, check=True)
        shutil.copy(Path(__file__).with_name("patches.ts"), folder)
        compile_ = ["node_modules/.bin/tsc", "--noEmit", "--strict", "patches.ts"]
        return subprocess.run(compile_, cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
