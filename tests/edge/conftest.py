"""The real nginx with the configuration that we ship, in front of the real service.

`nox -s edge` says where nginx is; without it there is nothing here to collect.
"""

import os
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from salesarck_adapters.store.memory import MemoryStore
from salesarck_service.app import create_app
from salesarck_service.security.front import Front
from salesarck_service.security.proxies import Proxies
from tests.architecture.tree import ROOT
from tests.line.processes import free_port
from tests.service.desk import Desk
from tests.service.serving import serving

PROGRAM = os.environ.get("SALESARCK_TEST_NGINX", "")
collect_ignore_glob = [] if PROGRAM else ["test_*.py"]

NAME = "points.example.test"
START_SECONDS = 10.0
USER = "" if os.geteuid() else "user root;"
"""Its workers write into the folder of a test, which is ours alone."""

SHIPPED = ROOT / "deploy" / "nginx" / "salesarck.conf"
AROUND = """
{user}
daemon off;
worker_processes 1;
error_log {folder}/error.log;
pid {folder}/pid;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/salesarck.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """One nginx: where it is, and the certificate that it shows."""

    folder: Path
    port: int
    plain_port: int

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}"

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.folder / "cert.pem"))


@dataclass(frozen=True, slots=True)
class Edge:
    """nginx, and the desk behind it."""

    nginx: Nginx
    desk: Desk


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncGenerator[Edge]:
    desk = await Desk.open(MemoryStore())
    proxies = Proxies((ip_network("127.0.0.1"),))
    front = Front(address=f"https://{NAME}", hosts=(NAME, "test"), proxies=proxies)
    async with serving(create_app(replace(desk.parts, front=front))) as at:
        with running(tmp_path, at.port) as nginx:
            yield Edge(nginx, desk)


@contextmanager
def running(folder: Path, upstream: int) -> Generator[Nginx]:
    """Start nginx with what we ship, but for ports and certificates."""
    nginx = Nginx(folder, free_port(), free_port())
    text = SHIPPED.read_text()
    for shipped, here in (
        ("    listen [::]:443 ssl default_server;\n", ""),
        ("    listen [::]:443 ssl http2;\n", ""),
        ("    listen [::]:80 default_server;\n", ""),
        ("listen 443 ssl", f"listen 127.0.0.1:{nginx.port} ssl"),
        ("listen 80 ", f"listen 127.0.0.1:{nginx.plain_port} "),
        ("server 127.0.0.1:8000;", f"server 127.0.0.1:{upstream};"),
        ("/etc/nginx/tls/points.pem", f"{folder}/cert.pem"),
        ("/etc/nginx/tls/points.key", f"{folder}/key.pem"),
    ):
        assert shipped in text
        text = text.replace(shipped, here)
    (folder / "salesarck.conf").write_text(text)
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=USER))
    certify(folder)
    command = [PROGRAM, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr
    process = subprocess.Popen(command)
    try:
        wait_for(nginx.port)
        yield nginx
    finally:
        process.terminate()
        process.wait()


def certify(folder: Path) -> None:
    """Make a certificate for our name."""
    words = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        f"-subj /CN={NAME} -addext subjectAltName=DNS:{NAME} "
        f"-keyout {folder}/key.pem -out {folder}/cert.pem"
    )
    subprocess.run(words.split(), check=True, capture_output=True)


def wait_for(port: int) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return
