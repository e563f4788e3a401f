"""A Hugging Face hub in this process: the part of its HTTP interface by which folders go up and files come down."""

import base64
import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "c" * 40


class Hub(BaseHTTPRequestHandler):
    """Repositories of models, each with one revision; `files` are {(repository, path): bytes}."""

    files: dict[tuple[str, str], bytes]
    asked: list[str]

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append(self.path)
        *_, verb = self.path.rstrip("/").split("/")
        if self.path == "/api/repos/create":
            name = json.loads(body)["name"]
            self.answer({"url": f"{self.home}/me/{name.rpartition('/')[2]}", "name": name})
        elif self.path == "/api/validate-yaml":
            self.answer({"errors": [], "warnings": []})
        elif "/preupload/" in self.path:
            paths = [file["path"] for file in json.loads(body)["files"]]
            self.answer({"files": [{"path": path, "uploadMode": "regular", "shouldIgnore": False} for path in paths]})
        elif "/commit/" in self.path:
            repository = self.path.removeprefix("/api/models/").partition("/commit/")[0]
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    value = line["value"]
                    self.files[repository, value["path"]] = base64.b64decode(value["content"])
            url = f"{self.home}/{repository}/commit/{COMMIT}"
            self.answer({"commitUrl": url, "commitOid": COMMIT, "success": True})
        else:
            self.answer({"error": verb}, 404)

    def do_GET(self):
        self.asked.append(self.path)
        repository, _, path = self.path.lstrip("/").partition("/resolve/")
        data = self.files.get((repository, path.partition("/")[2]))
        if data is None:
            exists = any(name == repository for name, _ in self.files)
            return self.answer({"error": "x"}, 404, {"X-Error-Code": "EntryNotFound" if exists else "RepoNotFound"})
        tag = hashlib.sha256(data).hexdigest()
        return self.answer(data, 200, {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "none"})

    def do_HEAD(self):
        self.do_GET()

    @property
    def home(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, value, code=200, headers=()):
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(code)
        for name, text in {"Content-Length": str(len(data)), **dict(headers)}.items():
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *words):
        pass


@contextmanager
def serving():
    """Run a hub, and yield its address and its class, which holds what was sent."""
    kind = type("OneHub", (Hub,), {"files": {}, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", kind
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
