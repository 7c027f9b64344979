"""Seeds of the fuzz targets, made of tests/vectors: usage: seeds.py FOLDER, which gets one folder for each target."""

import csv
import hashlib
import json
import re
import struct
import sys
from pathlib import Path

import zstandard

VECTORS = Path(__file__).parent.parent / "vectors"
TABLE_MAP, PAYLOAD = 19, 40
# Types of rows events, with the bitmaps of columns that each has.
ROWS = {30: 1, 31: 2, 32: 1}
# Bytes of a seed; the fuzzer cuts off more.
LARGEST = 8192


def load(name):
    return json.loads((VECTORS / name).read_text())


class Seeds:
    """Writes seeds, each under the hash of its bytes."""

    def __init__(self, root):
        self.root = root

    def add(self, target, seed):
        seed = seed.encode() if isinstance(seed, str) else seed
        folder = self.root / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha1(seed, usedforsecurity=False).hexdigest()).write_bytes(seed)


def events(path):
    """The events of a binlog file without their checksums, those of compressed transactions after them."""
    rest = path.read_bytes()[4:]
    while rest:
        size = struct.unpack_from("<I", rest, 9)[0]
        event = rest[: size - 4]
        yield event
        rest = rest[size:]
        if event[4] == PAYLOAD:
            inner = zstandard.ZstdDecompressor().decompressobj().decompress(event[event.index(b"\x28\xb5\x2f\xfd") :])
            while inner:
                size = struct.unpack_from("<I", inner, 9)[0]
                yield inner[:size]
                inner = inner[size:]


def columns(name):
    """The declared types of a recorded table, with the character set of text."""
    with (VECTORS / "binlog" / name).open() as file:
        for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield f"{row[2]} {row[7]}".strip()


def images(event):
    """The row images of a rows event, version 2."""
    body = event[19:]
    extra = struct.unpack_from("<H", body, 8)[0]
    count = body[8 + extra]
    bitmaps = ROWS[event[4]] * ((count + 7) // 8)
    return body[8 + extra + 1 + bitmaps :]


def binlogs(seeds):
    types = "\n".join(columns("columns.tsv"))
    documents = "\n".join(columns("documents_columns.tsv"))
    for path in sorted((VECTORS / "binlog").glob("*.binlog")):
        table_map, batch = b"", b""
        for event in events(path):
            framed = struct.pack("<I", len(event)) + event
            kind = event[4]
            if kind == TABLE_MAP:
                table_map = framed
            elif kind in ROWS:
                if len(framed) < LARGEST:
                    seeds.add("mysql_events", b"\0" + table_map + framed)
                header = {"full": types, "minimal": types, "documents": documents}.get(path.stem)
                if header and len(event) < LARGEST:
                    seeds.add("mysql_row_image", header.encode() + b"\n\n" + images(event))
            elif kind == 33 or kind == 42:
                seeds.add("mysql_gtid", bytes([1 if kind == 42 else 0]) + event[19:])
                batch += framed
            elif len(batch + framed) < LARGEST:
                batch += framed
        seeds.add("mysql_events", b"\0" + batch)
    json_values(seeds)


def json_values(seeds):
    """Documents are what stands behind four bytes of length in the images of the table of documents."""
    for event in events(VECTORS / "binlog/documents.binlog"):
        if event[4] not in ROWS:
            continue
        rest = images(event)
        # A bitmap of nulls, then an INT, then the document.
        while len(rest) > 9:
            length = struct.unpack_from("<I", rest, 5)[0]
            seeds.add("mysql_json", rest[9 : 9 + length])
            rest = rest[9 + length :]


def statements(seeds):
    for case in load("ddl/evolutions.json"):
        before = (case["before"] or {"columns": []})["columns"]
        declared = "\n".join(f"{row['column_type']} {row['charset'] or ''}".strip() for row in before)
        # The columns of the target are named by number.
        sql = case["sql"]
        seeds.add("mysql_ddl", f"\0{declared}\n\n{sql}")
        for index, row in enumerate(before):
            sql = sql.replace(f" {row['name']} ", f" c{index} ")
        seeds.add("mysql_ddl", f"\0{declared}\n\n{sql}")
    for case in load("mysql-ddl.json"):
        for modes in (0, 1, 2):
            seeds.add("mysql_ddl", f"{chr(modes)}int\nvarchar(10) latin1\n\n{case['sql']}")


def gtids(seeds):
    one, other = (f"{digit}e11fa47-71ca-11e1-9e33-c80aa9429562" for digit in "34")
    for text in (
        f"{one}:1-3:5\n\n{one}:4,{other}:7",
        f"{one}:1-26:mytag:1,{other}:7\n\n{one}:mytag:2-9",
        f"{one} : 5 : 1-3 ,\n {other}:TAG:4-4\n\n",
        "0-1-7,5-2-9\n\n0-2-7 , 6-1-1",
        f"{one}:9223372036854775807\n\n{one}:1-9223372036854775806",
    ):
        seeds.add("mysql_gtid", "\3" + text)
    seeds.add("mysql_gtid", b"\4" + struct.pack("<QIB", 3, 5, 12) + bytes(6))


def positions(seeds):
    table = {
        "db": "d",
        "name": "t",
        "definition": {
            "version": 1,
            "columns": [{"name": "a", "type": "int"}, {"name": "b", "type": "varchar(9) latin1", "nullable": True}],
            "key": [0],
            "charset": "utf8mb4",
        },
    }
    position = {
        "version": 1,
        "server_uuid": "3e11fa47-71ca-11e1-9e33-c80aa9429562",
        "gtids": "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-3",
        "file": "mysql-bin.000001",
        "pos": 4,
        "partial": {"gtid": "3e11fa47-71ca-11e1-9e33-c80aa9429562:4", "rows": 2},
    }
    for snapshot in ("not-begun", "done", {"upto": {"upto": [{"i": 1}, {"t": "x"}], "end": [{"u": 9}, {"b": [1, 2]}]}}):
        tables = [table | {"snapshot": snapshot}]
        seeds.add("mysql_position", json.dumps(position | {"tables": tables}))


def charsets(seeds):
    for index in range(40):
        for text in (b"plain \x80\xff", bytes(range(128, 256)), "ä€😀".encode(), "你好".encode("gb18030")):
            seeds.add("mysql_charset", bytes([index]) + text)


def record_streams(seeds):
    for case in load("records_append.json"):
        types = ";".join(case["types"])
        for encoding, body in enumerate(("raw", "zlib", "snappy", "lz4", "zstd")):
            if body in case["bodies"] and len(data := bytes.fromhex(case["bodies"][body]["hex"])) < LARGEST:
                seeds.add("emulator_encoding", bytes([encoding << 1]) + data)
        stream = bytes.fromhex(case["canonical_hex"])
        if len(stream) < LARGEST:
            seeds.add("emulator_records", b"\0" + types.encode() + b"\n" + stream)
            for encoding in range(5):
                seeds.add("emulator_encoding", bytes([encoding << 1 | 1]) + stream)
    # Columns as the harness takes them: number, length, bytes; 0 ends a record.
    for types, columns in (
        ("bigint;string", b"\1\1\2\2\2\1a\0\1\1\4\0"),
        ("array<string>;map<bigint,double>", b"\1\4\2\0\1a\1\2\13\1\0\2\1\0abcdefgh\0"),
        ("struct<a:int,b:array<struct<c:decimal>>>", b"\1\10\0\2\0\2\0\0\1\1\0"),
        ("timestamp;decimal(38,18);date;float;boolean", b"\1\2\2\4\2\4\0031.5\3\1\6\4\4abcd\5\1\1\0"),
    ):
        seeds.add("emulator_records", b"\1" + types.encode() + b"\n" + columns)


SQL = """
create table if not exists p.`t` (`id` bigint not null comment 'it\\'s', v decimal(10,2), primary key(`id`)) \
tblproperties('transactional'='true','write.bucket.num'='16') lifecycle 7
create table t (a map<string,array<struct<x:int,`y z`:char(3)>>> comment "c") comment 'table' partitioned by (pt string)
alter table a add if not exists partition (pt='y') partition (pt='z'); truncate table a partition (pt='x')
alter table a drop if exists partition (pt='x'); drop table if exists a; create schema if not exists s
alter table d add columns (w varchar(9) comment 'c', x timestamp); alter table d rename to e
alter table d change column v v string comment 'c'; alter table d change n m decimal(12,4); alter table d drop columns n
alter table d set comment 'c'; alter table d set tblproperties('a'='b'); alter table d change column n comment 'c'
select * from d where pt = 'x' and v = 1 limit 5; select count(*) as c from a where pt = 'x'
with q as (select id, v from d) select q.id + 1, concat(q.v, 'x'), cast(n as string) from q join d on q.id = d.id \
where d.v like 'a%' or n between 1 and 2.5e3 group by q.id having count(*) > 1 order by 1 desc limit 3, 4
select distinct coalesce(v, "n"), nvl(v, ''), if(id > 1, 'a', 'b'), case when n is null then 1 else 2 end from d t
select /*+ hint */ sum(n), avg(n), max(v), min(v), pt from a group by pt -- comment
(select 1) union all (select 2) except select 3 intersect select 4; select * from p.default.d, a
drop schema s; drop table p.s.t; truncate table d; select substr(v, 1, 2), length(v), 7 div 2, 7 % 2, a.* from a
"""


def emulator_sql(seeds):
    for statement in SQL.strip().splitlines():
        seeds.add("emulator_sql", statement)
        for part in statement.split("; "):
            seeds.add("emulator_sql", part)
    for case in load("mysql-ddl.json"):
        seeds.add("emulator_sql", case["sql"])


def conversations(seeds):
    for flow in load("flows_pyodps.json"):
        requests = []
        for exchange in flow["exchanges"]:
            request = exchange["request"]
            target = request["target"].replace("/proj", "/p").replace("=proj", "=p").removeprefix("/api")
            target = re.sub(r"(uploadid|downloadid|upsertid)=[^&]+", r"\1={id}", target)
            target = re.sub(r"/instances/[^?/]+", "/instances/{id}", target)
            target = re.sub(r"/tables/[^?/]+", "/tables/a" if "upsert" not in target else "/tables/d", target)
            headers = [f"{name}: {value}" for name, value in request["headers"] if name.lower() in HEADERS]
            body = (request.get("body") or "").encode() or bytes.fromhex(request.get("body_hex") or "")
            head = "\n".join([f"{request['method']} {target}", *headers]).encode()
            requests.append(head + b"\n\n" + body)
            if b"<Instance>" in body:
                seeds.add("emulator_xml", b"\0" + body)
            elif b"<Schema>" in body:
                seeds.add("emulator_xml", b"\1" + body)
        if requests:
            seeds.add("emulator_requests", b"\0" + b"\n%%\n".join(requests))
            seeds.add("emulator_requests", b"\1" + b"\n%%\n".join(requests))
    for conversation in CONVERSATIONS:
        seeds.add("emulator_requests", b"\0" + b"\n%%\n".join(conversation))


HEADERS = ("content-type", "content-encoding", "accept-encoding", "odps-tunnel-routed-server", "x-odps-tunnel-version")
DELTA = "/projects/p/tables/d/upserts"
DELTA_TYPES = "bigint;string;decimal(10,2);bigint;bigint;tinyint;array<bigint>;array<bigint>"
APPEND = "/projects/p/tables/a"
WORKER = "odps-tunnel-routed-server: 127.0.0.1:0"
# id 1 or 2, v 'a', n '1.5', operation U (85) as a zigzag varint of two bytes, no value columns.
ROW = b"\1\1%c\2\2\1a\3\4\0031.5\6\2\xaa\1\10\1\0\0"


def upsert(bucket, key):
    head = f"PUT {DELTA}?upsertid={{id}}&bucketid={bucket}&slotid=0\nrecords: {DELTA_TYPES}\n{WORKER}\n"
    return head.encode() + b"content-encoding: zstd\n\n" + ROW % key


CONVERSATIONS = (
    [
        f"POST {DELTA}\n\n".encode(),
        *(upsert(bucket, key) for bucket in (0, 1) for key in (2, 4)),
        f"GET {DELTA}?upsertid={{id}}\n\n".encode(),
        f"POST {DELTA}?upsertid={{id}}\n\n".encode(),
        b"GET /emulator/tables/default/d\n\n",
    ],
    [f"POST {DELTA}?slotnum=2&lifecycle=1\n\n".encode(), f"DELETE {DELTA}?upsertid={{id}}\n\n".encode()],
    [
        f"POST {APPEND}?uploads&partition=pt%3Dx\n\n".encode(),
        f"PUT {APPEND}?uploadid={{id}}&blockid=0&partition=pt%3Dx\nrecords: string;json\n\n".encode()
        + b"\1\2\1a\2\3\2{}\0",
        f"GET {APPEND}?uploadid={{id}}&partition=pt%3Dx\n\n".encode(),
        f"POST {APPEND}?uploadid={{id}}&partition=pt%3Dx\n\n0".encode(),
        f"POST {APPEND}?downloads&partition=pt%3Dx\n\n".encode(),
        f"GET {APPEND}?downloadid={{id}}&data&rowrange=(0,1)&columns=v,j&partition=pt%3Dx\naccept-encoding: zstd\n\n".encode(),
    ],
    [
        f"POST {APPEND}/streams?partition=pt%3Dx&create_partition\n\n".encode(),
        f"PUT {APPEND}/streams?uploadid={{id}}&slotid=0&partition=pt%3Dx\nrecords: string\n{WORKER}\n\n".encode()
        + b"\1\2\1a\0",
        f"GET {APPEND}/streams?uploadid={{id}}&partition=pt%3Dx\n\n".encode(),
    ],
    [
        b"POST /emulator/faults\n\noperation=get-project nth=1 status=429 retry-after=1\n",
        b"GET /projects/p\n\n",
        b"GET /emulator/journal\n\n",
        b"POST /emulator/clock?advance=100000\n\n",
        b"DELETE /emulator/faults/1\n\n",
        b"GET /metrics\n\n",
    ],
    [
        b"GET /projects/p/tables?maxitems=1&name=a&marker=a&owner=x&expectmarker=true\n\n",
        b"GET /projects/p/tables/a?partitions&maxitems=1\n\n",
        b"GET /projects/p/tables/a?partition=pt%3Dx&extended\n\n",
        b"POST /projects/p/authorization\n\n{}",
        b"GET /logview/host\n\n",
        b"GET /projects/p/tunnel?service&quotaname=q\n\n",
    ],
)


def documents(seeds):
    for settings in ({"odps.default.schema": "s", "odps.namespace.schema": "true"}, {}):
        seeds.add("emulator_json", "\0" + json.dumps(settings))
    for document in ({"a": [1, None, "\u1234", 1e9]}, [], "x", [[[[]]]]):
        seeds.add("emulator_json", "\1" + json.dumps(document))
    seeds.add("emulator_json", "\2" + json.dumps([["pt", "x"]]))
    column = {"name": "a", "data_type": "map<string,int>", "nullable": True, "comment": ""}
    table = {"schema": "default", "name": "t", "columns": [column], "partition_keys": [], "primary_key": [0]}
    table |= {"bucket_count": 2, "transactional": True, "properties": {"a": "b"}, "comment": "", "lifecycle": 1}
    seeds.add("emulator_json", "\3" + json.dumps(table | {"schema_version": 1}))


def faults(seeds):
    for target, lines in (
        ("/projects/p", "operation=get-project nth=1 status=503 retry-after=1 code=X message=y header=a:b"),
        ("/projects/p/tables", "method=GET path=*/tab*es first=2 delay=100 delay-answer=5\nreset=after every=2"),
        ("/tenants?a=b", "param=a=b nth=1 reset=before\npath=/tenants committing=3 closing=1\nfail=x\nhalf-response"),
        ("/projects/p?a", "param=a status=308 processed\nreset=middle\nsession-lost\nslot-moved=silent\n# comment"),
    ):
        seeds.add("emulator_faults", f"{target}\n{lines}")


def answers(seeds):
    """What PyODPS was answered; the number of the question is that of the target."""
    for flow in load("flows_pyodps.json"):
        found, route = {}, b"200\n\n127.0.0.1:80"
        for exchange in flow["exchanges"]:
            target, response = exchange["request"]["target"], exchange.get("response") or {}
            body = (response.get("body") or "").encode() or bytes.fromhex(response.get("body_hex") or "")
            headers = [f"{name}: {value}" for name, value in (response.get("headers") or {}).items()]
            answer = "\n".join([str(response.get("status", 200)), *headers]).encode() + b"\n\n" + body
            path = target.split("?")[0]
            question = next((number for pattern, number in QUESTIONS if re.search(pattern, target)), 1)
            seeds.add("sink_answers", bytes([question]) + answer)
            # The tunnel is asked for before it is asked.
            if path.endswith("/tunnel"):
                route = answer
            elif question in (2, 3, 4):
                found.setdefault(question, [route] if question != 4 else []).append(answer)
        for question, conversation in found.items():
            seeds.add("sink_answers", bytes([question]) + b"\n%%\n".join(conversation))


QUESTIONS = ((r"/instances", 4), (r"/upserts", 2), (r"uploads|uploadid", 3), (r"/tables/", 0), (r"/schemas", 5))


def odps_types(seeds):
    for case in load("records_append.json"):
        for odps_type in case["types"]:
            seeds.add("sink_types", odps_type)
    for odps_type in ("MAP<STRING,ARRAY<STRUCT<`a b`:DECIMAL(10,2), c : char(3)>>>", "interval_day_time", "void"):
        seeds.add("sink_types", odps_type)


def main():
    seeds = Seeds(Path(sys.argv[1]))
    mysql = (binlogs, statements, gtids, positions, charsets)
    for part in (*mysql, record_streams, emulator_sql, conversations, documents, faults, answers, odps_types):
        part(seeds)


if __name__ == "__main__":
    main()
