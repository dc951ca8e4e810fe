"""Makes the certificates, below the folder of the first argument. Authorities: `client.pem` (of the servers), and one
each for the folders `wrong` (a server of another name), `clients` and `proxy`."""

import datetime
import pathlib
import sys

import trustme
from cryptography.hazmat.primitives import serialization

work = pathlib.Path(sys.argv[1])
HERE = ("localhost", "127.0.0.1", "::1", "origin.test", "*.wild.test")


def write(folder, name, leaf):
    leaf.private_key_pem.write_to_path(folder / f"{name}.key")
    for index, part in enumerate(leaf.cert_chain_pems):
        part.write_to_path(folder / f"{name}.pem", append=index > 0)


def authority(folder):
    folder.mkdir(exist_ok=True)
    made = trustme.CA()
    made.cert_pem.write_to_path(folder / "client.pem")
    return made


servers = authority(work)
write(work, "server", servers.issue_cert(*HERE))
write(work, "rsa", servers.issue_cert(*HERE, key_type=trustme.KeyType.RSA))
now = datetime.datetime.now(datetime.timezone.utc)
day = datetime.timedelta(days=1)
write(work, "expired", servers.issue_cert(*HERE, not_before=now - 9 * day, not_after=now - day))
write(work, "early", servers.issue_cert(*HERE, not_before=now + day, not_after=now + 9 * day))

write(work / "wrong", "server", authority(work / "wrong").issue_cert("other.example"))

# The name `localhost` is missing: whoever checks the proxy's name must check this address.
write(work / "proxy", "server", authority(work / "proxy").issue_cert("127.0.0.1", "proxy.test"))

folder = work / "clients"
clients = authority(folder)
ada = clients.issue_cert("ada@example.org", common_name="ada")
write(folder, "ada", ada)
ada.private_key_and_cert_chain_pem.write_to_path(folder / "ada-all.pem")
write(folder, "rsa", clients.issue_cert("rsa@example.org", common_name="rsa", key_type=trustme.KeyType.RSA))
write(folder, "stranger", trustme.CA().issue_cert("eve@example.org", common_name="eve"))
key = serialization.load_pem_private_key(ada.private_key_pem.bytes(), None)
for name, protection in [
    ("ada-pkcs8.key", serialization.NoEncryption()),
    ("ada-encrypted.key", serialization.BestAvailableEncryption("l'été 100%".encode())),
]:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)
    (folder / name).write_bytes(pem)
