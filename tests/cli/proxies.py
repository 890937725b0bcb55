"""A small HTTP proxy on loopback, for tests: it knows CONNECT alone, and every host leads to one port."""
import base64
import hashlib
import re
import socket
import ssl
import threading

NONCE = "0123456789abcdef"


class Proxy:
    """Tunnels to 127.0.0.1:`target`; None: says that the host is not known.

    `server_file` holds key and certificate of one that speaks TLS; `methods` are those of `user` and `password`, of
    which each 407 offers all; `status` refuses whatever is asked.
    """

    def __init__(self, target=None, server_file=None, methods=(), user="user", password="p#ss", status=None,
                 greatest_tls=None):
        self.target, self.methods, self.user, self.password, self.status = target, methods, user, password, status
        self.tls = None
        if server_file is not None:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(server_file)
            if greatest_tls is not None:
                self.tls.minimum_version = self.tls.maximum_version = greatest_tls
                self.tls.set_ciphers("ALL:@SECLEVEL=0")
        self.asked = []  # (host and port, the credentials that came with it or None)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self):
        self.listener.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            connection.settimeout(60)
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            while self.answer(connection):
                pass
        except OSError:
            pass
        finally:
            connection.close()

    def answer(self, connection):
        """One CONNECT; whether the connection stays open for another."""
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(4096)
            if not piece:
                return False
            head += piece
        text = head.decode("latin-1")
        place = text.split()[1]
        match = re.search(r"(?im)^Proxy-Authorization: *(.*?)\r$", text)
        self.asked.append((place, match.group(1) if match else None))
        if self.methods and not self.is_known(match.group(1) if match else "", place):
            offers = "".join(f"Proxy-Authenticate: {self.offer(method)}\r\n" for method in self.methods)
            connection.sendall(f"HTTP/1.1 407 Who?\r\n{offers}Content-Length: 0\r\n\r\n".encode())
            return True
        if self.status is not None or self.target is None:
            connection.sendall(f"HTTP/1.1 {self.status or 502} No\r\nConnection: close\r\n\r\n".encode())
            return False
        with socket.create_connection(("127.0.0.1", self.target)) as service:
            connection.sendall(b"HTTP/1.1 200 Go\r\n\r\n")
            back = threading.Thread(target=copy, args=(service, connection), daemon=True)
            back.start()
            copy(connection, service)
            back.join(60)
        return False

    @staticmethod
    def offer(method):
        return f'Digest realm="r", nonce="{NONCE}", qop="auth", algorithm=MD5' if method == "Digest" else \
            'Basic realm="r"' if method == "Basic" else method

    def is_known(self, credentials, place):
        method, _, rest = credentials.partition(" ")
        if method not in self.methods:
            return False
        if method == "Basic":
            return base64.b64decode(rest).decode() == f"{self.user}:{self.password}"
        values = dict(re.findall(r'(\w+)="?([^",]*)"?', rest))
        def hashed(*parts):
            return hashlib.md5(":".join(parts).encode()).hexdigest()
        wanted = hashed(hashed(self.user, "r", self.password), NONCE, values.get("nc", ""), values.get("cnonce", ""),
                        "auth", hashed("CONNECT", place))
        return method == "Digest" and values.get("username") == self.user and values.get("response") == wanted


def copy(source, target):
    try:
        while True:
            piece = source.recv(65536)
            if not piece:
                break
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def answer_all(listener, answer):
    """Whoever comes gets the answer, whatever he said."""
    def serve():
        try:
            while True:
                with listener.accept()[0] as connection:
                    connection.recv(4096)
                    connection.sendall(answer)
        except OSError:
            pass
    threading.Thread(target=serve, daemon=True).start()
