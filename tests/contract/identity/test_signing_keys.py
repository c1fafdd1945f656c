import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import salesarck_adapters
from salesarck_adapters.embedded.identity import KeyRing
from salesarck_adapters.embedded.identity.key import KeyUnusable, SigningKey

SOURCES = str(Path(salesarck_adapters.__file__).parents[1])


class TestSigningKey:
    def test_it_is_kept_for_us_alone(self, tmp_path: Path) -> None:
        file = tmp_path / "new" / "key.pem"
        key = SigningKey.kept_in(file)
        assert SigningKey.kept_in(file).public == key.public
        assert file.stat().st_mode & 0o777 == 0o600
        assert [path.name for path in file.parent.iterdir()] == ["key.pem"]

    def test_of_many_processes_one_makes_it(self, tmp_path: Path) -> None:
        program = (
            "import sys; from pathlib import Path;"
            "from salesarck_adapters.embedded.identity.key import SigningKey;"
            "sys.stdin.read(); print(SigningKey.kept_in(Path(sys.argv[1])).public['kid'])"
        )
        several = [
            subprocess.Popen(
                [sys.executable, "-c", program, str(tmp_path / "key.pem")],
                env={"PYTHONPATH": SOURCES},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(4)
        ]
        for process in several:
            assert process.stdin
            process.stdin.close()
        names = set()
        for process in several:
            with process:
                assert process.stdout
                names.add(process.stdout.read().strip())
        assert len(names) == 1
        assert "" not in names

    def test_its_name_is_its_thumbprint_and_another_key_has_another(self) -> None:
        public = SigningKey.generate().public
        assert public["kid"] != SigningKey.generate().public["kid"]
        assert json.loads(json.dumps(public)) == public
        assert set(public) == {"kty", "crv", "x", "y", "kid", "alg", "use"}

    def test_a_file_that_others_can_read_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "key.pem"
        SigningKey.kept_in(file)
        file.chmod(0o640)
        with pytest.raises(KeyUnusable, match="can be read by others; remove it"):
            SigningKey.kept_in(file)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            *(
                key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
                for key in (
                    ec.generate_private_key(ec.SECP384R1()),
                    ed25519.Ed25519PrivateKey.generate(),
                )
            ),
        ],
        ids=["empty", "broken", "other curve", "other kind"],
    )
    def test_a_file_that_holds_something_else_is_refused(
        self, tmp_path: Path, content: bytes
    ) -> None:
        file = tmp_path / "key.pem"
        file.write_bytes(content)
        file.chmod(0o600)
        with pytest.raises(KeyUnusable, match="holds"):
            SigningKey.kept_in(file)


def test_a_ring_keeps_the_key_that_signs_and_the_next(tmp_path: Path) -> None:
    file = tmp_path / "identity.pem"
    first, second = KeyRing.kept_in(file), KeyRing.kept_in(file)
    assert [key.public for key in first.all] == [key.public for key in second.all]
    assert first.in_use.public != first.standby.public
    assert {each.name for each in tmp_path.iterdir()} == {"identity.pem", "identity.standby.pem"}
