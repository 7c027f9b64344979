"""The servers start, serve, stop, and never outlive whoever asked for them."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

HERE = Path(__file__).parent
SECONDS = 30


class Script:
    """The script of a flavour, used on one directory."""

    def __init__(self, flavour: str, directory: Path) -> None:
        self.path = HERE / f"{flavour}.sh"
        self.directory = directory

    def start(self, *options: str) -> dict[str, str]:
        return address(self.call("start", *options).stdout)

    def stop(self) -> None:
        self.call("stop")

    def call(self, verb: str, *options: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [self.path, verb, self.directory, *options]
        return subprocess.run(command, check=check, text=True, capture_output=True, timeout=600)

    def run(self) -> subprocess.Popen[str]:
        """Starts the foreground mode and waits until it has printed the address."""
        return subprocess.Popen([self.path, "run", self.directory], stdin=-1, stdout=-1, text=True)


@pytest.fixture(scope="module", autouse=True)
def signals_that_a_shell_can_trap() -> None:
    """Whoever runs the tests may ignore signals (nohup, background jobs), and a shell cannot trap what it inherits ignored."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def address(lines: str) -> dict[str, str]:
    pairs = (shlex.split(line)[0].partition("=") for line in lines.splitlines())
    return {name: value for name, _, value in pairs}


def address_of(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    return address(process.stdout.read())


def connect(server: dict[str, str], user: str = "admin") -> pymysql.Connection:
    password_file = server["password_file" if user == "cdc" else "admin_password_file"]
    return pymysql.connect(
        host=server["host"], port=int(server["port"]), user=user, password=Path(password_file).read_text()
    )


def query(server: dict[str, str], statement: str, user: str = "admin") -> object:
    with connect(server, user) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
        connection.commit()
        return row[0] if row else None


def processes_of(directory: Path) -> list[int]:
    """The processes, zombies left out, that have the directory in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if os.fsencode(directory) in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def assert_all_end(directory: Path) -> None:
    """Processes end on their own time after a signal, and tell nobody but their parent."""
    end = time.monotonic() + SECONDS
    while left := processes_of(directory):
        assert time.monotonic() < end, f"still there: {left}"
        time.sleep(0.02)


@pytest.fixture(params=["mysql", "mariadb"])
def script(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Script]:
    # A long name by pytest would not fit a socket's path.
    directory = tmp_path / "d"
    yield Script(request.param, directory)
    for pid in processes_of(directory):
        os.kill(pid, signal.SIGKILL)


def test_a_started_server_keeps_data_accounts_and_port_over_a_restart(script: Script) -> None:
    first = script.start()
    assert query(first, "CREATE DATABASE kept") is None
    script.stop()
    assert processes_of(script.directory) == []
    second = script.start()
    assert query(second, "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'kept'") == 1
    assert second == {**first, "pid": second["pid"]}
    script.stop()


def test_the_pipelines_account_reads_and_replicates_and_writes_nothing(script: Script) -> None:
    server = script.start()
    assert query(server, "SELECT @@log_bin", user="cdc") == 1
    with connect(server, "cdc") as connection, connection.cursor() as cursor:
        assert cursor.execute("SHOW BINARY LOGS") == 1
        with pytest.raises(pymysql.OperationalError, match="denied"):
            cursor.execute("CREATE DATABASE forbidden")
    for name in ("password_file", "admin_password_file", "admin_options"):
        assert Path(server[name]).stat().st_mode & 0o077 == 0
    script.stop()


def test_the_passwordless_administrator_is_closed(script: Script) -> None:
    server = script.start()
    with pytest.raises(pymysql.OperationalError, match="denied|locked"):
        pymysql.connect(unix_socket=server["socket"], user="root")
    script.stop()


def test_the_accounts_are_not_in_the_binlog(script: Script) -> None:
    server = script.start()
    variable = "@@gtid_executed" if script.path.stem == "mysql" else "@@gtid_binlog_pos"
    assert query(server, f"SELECT {variable}") == ""
    script.stop()


def test_two_servers_run_beside_each_other(script: Script, tmp_path: Path) -> None:
    other = Script(script.path.stem, tmp_path / "e")
    first, second = script.start(), other.start()
    try:
        assert first["port"] != second["port"]
        assert query(first, "SELECT 1") == query(second, "SELECT 1") == 1
        if script.path.stem == "mysql":
            assert query(first, "SELECT @@server_uuid") != query(second, "SELECT @@server_uuid")
    finally:
        other.stop()
    script.stop()


def test_an_option_of_the_caller_wins(script: Script) -> None:
    server = script.start("--binlog-row-metadata=MINIMAL", "--server-id=77")
    assert query(server, "SELECT CONCAT(@@server_id, @@binlog_row_metadata)") == "77MINIMAL"
    script.stop()


def test_a_second_server_on_the_same_directory_is_refused(script: Script) -> None:
    script.start()
    refused = script.call("start", check=False)
    assert refused.returncode == 1
    assert "already" in refused.stderr
    script.stop()


def test_a_port_that_another_process_holds_is_an_error_that_names_it(script: Script) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        failed = script.call("start", f"--port={port}", check=False)
    assert failed.returncode == 1
    assert f"did not start on port {port}" in failed.stderr
    assert processes_of(script.directory) == []


def test_a_wrong_option_is_an_error_that_shows_the_servers_words(script: Script) -> None:
    failed = script.call("start", "--no-such-option", check=False)
    assert failed.returncode == 1
    assert "no-such-option" in failed.stderr
    assert "server.log" in failed.stderr


def test_stop_without_a_server_is_no_error(script: Script) -> None:
    assert "no server runs" in script.call("stop").stderr


# ---- foreground: nothing is left behind, however it ends ----


def test_a_foreground_server_ends_with_standard_input(script: Script) -> None:
    process = script.run()
    assert query(address_of(process), "SELECT 1") == 1
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(SECONDS) == 0
    assert processes_of(script.directory) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_foreground_server_ends_with_a_signal_to_the_script(script: Script, number: signal.Signals) -> None:
    process = script.run()
    address_of(process)
    process.send_signal(number)
    assert process.wait(SECONDS) > 128
    assert processes_of(script.directory) == []


def test_a_foreground_server_dies_with_the_killed_script(script: Script) -> None:
    process = script.run()
    address_of(process)
    process.kill()
    process.wait(SECONDS)
    assert_all_end(script.directory)


def test_a_foreground_server_ends_when_its_starter_is_killed(script: Script) -> None:
    code = (
        "import subprocess, sys\n"
        "p = subprocess.Popen(sys.argv[1:], stdin=-1, stdout=-1, text=True)\n"
        "print(p.stdout.read(), flush=True)\n"
        "p.wait()\n"
    )
    command = [sys.executable, "-c", code, script.path, "run", script.directory]
    starter = subprocess.Popen(command, stdout=-1, text=True)
    assert starter.stdout is not None
    assert starter.stdout.readline().startswith("flavour=")
    assert processes_of(script.directory)
    starter.kill()
    starter.wait(SECONDS)
    assert_all_end(script.directory)


def test_a_foreground_server_that_ends_by_itself_is_an_error(script: Script) -> None:
    process = script.run()
    os.kill(int(address_of(process)["pid"]), signal.SIGKILL)
    assert process.wait(SECONDS) == 1


# ---- installation ----


def test_two_installations_at_once_make_one_from_the_kept_packages(tmp_path: Path) -> None:
    kept = Path(os.environ.get("CDC_SERVICES_DIR", HERE.parents[1] / ".cache" / "services"))
    subprocess.run([HERE / "mariadb.sh", "install"], check=True)
    shutil.copytree(kept / "debs" / "mariadb", tmp_path / "debs" / "mariadb")
    # An archive that cannot be reached: the kept packages must do.
    environment = {**os.environ, "CDC_SERVICES_DIR": str(tmp_path), "CDC_DEBIAN_MIRROR": "http://127.0.0.1:1"}
    command = [HERE / "mariadb.sh", "install"]
    installers = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [installer.communicate(timeout=300)[1] for installer in installers]
    assert [installer.returncode for installer in installers] == [0, 0]
    assert "".join(told).count("installed mariadb") == 1
    assert sorted(p.name for p in tmp_path.iterdir() if not p.name.startswith(".")) == ["debs", "mariadb-1"]


def test_an_unreachable_archive_is_an_error_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    environment = {**os.environ, "CDC_SERVICES_DIR": str(tmp_path), "CDC_DEBIAN_MIRROR": "http://127.0.0.1:1"}
    failed = subprocess.run(
        [HERE / "mysql.sh", "install"], check=False, env=environment, capture_output=True, text=True
    )
    assert failed.returncode == 1
    assert "cannot read the index of Debian sid" in failed.stderr
    assert [p.name for p in tmp_path.rglob("*") if not p.name.startswith(".")] == ["debs"]


def test_the_python_environment_is_told_at_once_when_it_is_up_to_date() -> None:
    subprocess.run([HERE / "python.sh"], check=True, stdout=subprocess.DEVNULL)
    begin = time.monotonic()
    told = subprocess.run([HERE / "python.sh"], check=True, capture_output=True, text=True)
    assert time.monotonic() - begin < 1
    assert told.stderr == ""
    assert Path(told.stdout.strip()).exists()
