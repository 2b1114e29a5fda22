"""What the object store's own parts know each other by: keys and certificates that only this user can read.

SeaweedFS is four servers that talk to each other over TCP, and any process of the machine could talk to them as well:
S3's credentials guard one of eight ports. So the others ask too: gRPC for a certificate of this home's own authority
(mutual TLS), and the volumes' HTTP for a token signed with this home's key. SeaweedFS reads them from
``security.toml`` in its working folder.
"""

import ipaddress
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from smelt.services.state import write_private

FILE = "security.toml"
FOLDER = "keys"
YEARS = 20
_PARTS = ("master", "volume", "filer", "s3", "msg_broker", "msg_agent", "admin", "worker", "mq")
_SIGNED = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")


def write_keys(folder: Path) -> None:
    """Make the keys, where they aren't there yet, and the file that names them, in the store's working folder."""
    if (folder / FILE).exists():
        return
    keys = folder / FOLDER
    authority, certificate, key = _certificates()
    names = {"ca": keys / "ca.crt", "cert": keys / "store.crt", "key": keys / "store.key"}
    for file, content in zip(names.values(), (authority, certificate, key), strict=True):
        write_private(file, content)
    pair = f'cert = "{names["cert"]}"\nkey = "{names["key"]}"\n'
    sections = [f'[grpc]\nca = "{names["ca"]}"\n']
    sections += [f"[grpc.{part}]\n{pair}" for part in (*_PARTS, "client")]
    sections += [f'[{name}]\nkey = "{secrets.token_hex(32)}"\n' for name in _SIGNED]
    sections += ["[access]\nui = false\n", "[filer.expose_directory_metadata]\nenabled = false\n"]
    write_private(folder / FILE, "\n".join(sections))


def _certificates() -> tuple[str, str, str]:
    """A certificate authority, a certificate that it has signed, and the latter's key, as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def begun(subject: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name("smelt store authority"))
        now = datetime.now(UTC)
        builder = builder.not_valid_before(now - timedelta(days=1))
        builder = builder.not_valid_after(now + timedelta(days=365 * YEARS))
        return builder.public_key(key.public_key()).serial_number(x509.random_serial_number())

    signing, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = begun("smelt store authority", signing)
    authority = authority.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    here = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = begun("smelt store", own).add_extension(purposes, critical=False).add_extension(here, critical=False)
    private = own.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signed = [built.sign(signing, hashes.SHA256()) for built in (authority, certificate)]
    first, second = (item.public_bytes(serialization.Encoding.PEM).decode() for item in signed)
    return first, second, private.decode()
