import hmac
import json
import subprocess
import sys
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

import salesarck_adapters
from salesarck_adapters.identity.development import DevelopmentIdentity, SigningKey
from salesarck_adapters.identity.development.identity import DevelopmentOnly
from salesarck_adapters.identity.development.key import KeyUnusable
from salesarck_domain.ports.identity import Contact, TokenNotAccepted
from salesarck_domain.testing.identity import ADA, IdentityContract, encode

ISSUER = "http://localhost/auth/v1"
KEY = SigningKey.generate()
SOURCES = str(Path(salesarck_adapters.__file__).parents[1])


class TestDevelopmentIdentity(IdentityContract):
    def setup_method(self) -> None:
        self.now = datetime(2026, 3, 2, 12, tzinfo=UTC)
        self.shown: dict[str, str] = {}
        self.identity = self.verifier = self.start("development")

    def start(self, environment: str) -> DevelopmentIdentity:
        return DevelopmentIdentity(
            environment,
            show=self.shown.__setitem__,
            key=KEY,
            issuer=ISSUER,
            clock=lambda: self.now,
        )

    def code_sent_to(self, contact: Contact) -> str:
        return self.shown[str(contact)]

    def wait(self, time: timedelta) -> None:
        self.now += time

    @pytest.mark.parametrize("environment", ["production", "staging", "", "Development"])
    def test_it_starts_in_development_alone(self, environment: str) -> None:
        with pytest.raises(DevelopmentOnly, match="won't start in"):
            self.start(environment)

    async def test_another_process_with_the_key_checks_the_tokens(self) -> None:
        session = await self.sign_in(ADA)
        elsewhere = self.start("development")
        assert (await elsewhere.verify_token(session.access_token)).phone == ADA

    async def test_anybody_can_check_a_token_by_the_published_keys(self) -> None:
        token = (await self.sign_in(ADA)).access_token
        published = jwt.PyJWKSet.from_dict({"keys": list((await self.verifier.keys())["keys"])})
        claims = self.claims_of(token, published[jwt.get_unverified_header(token)["kid"]])
        assert claims["phone"] == "15555550100"
        assert claims["role"] == "authenticated"
        assert claims["exp"] - claims["iat"] == 3600

    def claims_of(self, token: str, key: jwt.PyJWK | ec.EllipticCurvePublicKey) -> dict[str, Any]:
        options: Any = {"verify_exp": False, "verify_iat": False}
        return jwt.decode(
            token, key, ["ES256"], audience="authenticated", issuer=ISSUER, options=options
        )

    @pytest.mark.parametrize(
        "change",
        [
            {"iss": "http://localhost/other"},
            {"aud": "anon"},
            {"aud": ["authenticated"]},
            {"role": "service_role"},
            {"is_anonymous": True},
            {"sub": "ada"},
            {"session_id": None},
            {"exp": None},
            {"iat": 4_000_000_000},
            {"phone": "12"},
            {"more": "x" * 9_000},
        ],
        ids=lambda change: str(change)[:40],
    )
    async def test_a_token_that_says_something_else_is_not_accepted(
        self, change: dict[str, object]
    ) -> None:
        token = (await self.sign_in(ADA)).access_token
        genuine = self.claims_of(token, KEY.private.public_key())
        told = {name: value for name, value in (genuine | change).items() if value is not None}
        headers = {"kid": KEY.public["kid"]}
        await self.verifier.verify_token(jwt.encode(genuine, KEY.private, "ES256", headers))
        with pytest.raises(TokenNotAccepted):
            await self.verifier.verify_token(jwt.encode(told, KEY.private, "ES256", headers))

    async def test_a_token_of_another_key_is_not_accepted(self) -> None:
        token = (await self.sign_in(ADA)).access_token
        claims = self.claims_of(token, KEY.private.public_key())
        other = SigningKey.generate()
        for name in (KEY.public["kid"], other.public["kid"], "", None):
            forged = jwt.encode(claims, other.private, "ES256", {"kid": name} if name else None)
            with pytest.raises(TokenNotAccepted):
                await self.verifier.verify_token(forged)

    async def test_the_public_key_is_no_shared_secret(self) -> None:
        claims = (await self.sign_in(ADA)).access_token.split(".")[1]
        header = encode({"alg": "HS256", "typ": "JWT", "kid": KEY.public["kid"]})
        for encoding in (Encoding.PEM, Encoding.DER):
            public = KEY.private.public_key().public_bytes(
                encoding, PublicFormat.SubjectPublicKeyInfo
            )
            signature = hmac.digest(public, f"{header}.{claims}".encode(), "sha256")
            forged = f"{header}.{claims}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"
            with pytest.raises(TokenNotAccepted):
                await self.verifier.verify_token(forged)


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
            "from salesarck_adapters.identity.development import SigningKey;"
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
