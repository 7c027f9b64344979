#!/usr/bin/env python3
"""Changes the shop of seed.sql: random but seeded transactions with inserts, updates and deletes, until told to stop.

Ends after `--transactions`, or on SIGTERM or SIGINT after the transactions under way; exit code 0 either way. With one
thread the same seed on the same data makes the same changes. `--journal` appends a JSON line for each committed change of
page_views, the table without a key: {"table", "op": insert|update|delete, "id", "version"}, where the version of a delete is
the last one.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

import pymysql
from pymysql.constants import ER
from pymysql.cursors import Cursor

DATABASE = "shop"
# Another session holds the rows or altered the table: the transaction is given up, as an application would.
CONTENTION = {ER.LOCK_DEADLOCK, ER.LOCK_WAIT_TIMEOUT, ER.DUP_ENTRY, ER.TABLE_DEF_CHANGED}
WORDS = ["blue", "größer", "茶", "O'Hara", 'a "quote"', "back\\slash", "tab\t", "line\nbreak", "🚲", "", " padded "]


class Pool:
    """The keys of a table that exist, as far as this writer knows; shared by the threads."""

    def __init__(self, keys: list[Any]) -> None:
        self._keys = keys
        self._lock = threading.Lock()

    def add(self, key: Any) -> None:
        with self._lock:
            self._keys.append(key)

    def some(self, rng: random.Random) -> Any:
        with self._lock:
            return rng.choice(self._keys)

    def take(self, rng: random.Random) -> Any:
        """Removes a key, so that no other thread deletes the same row. The last ones stay."""
        with self._lock:
            if len(self._keys) < 10:
                return None
            i = rng.randrange(len(self._keys))
            self._keys[i], self._keys[-1] = self._keys[-1], self._keys[i]
            return self._keys.pop()


@dataclass
class Shop:
    """What the threads share."""

    customers: Pool
    skus: Pool
    orders: Pool
    views: Pool
    view_ids: Iterator[int]
    #: All but the key.
    specimen_columns: list[str]
    new_skus: Iterator[int]
    journal: TextIO | None
    stop: threading.Event
    budget: Iterator[int] = field(default_factory=itertools.count)
    lock: threading.Lock = field(default_factory=threading.Lock)
    done: Counter[str] = field(default_factory=Counter)

    def begin_transaction(self) -> bool:
        """Whether there is one left to do."""
        with self.lock:
            return not self.stop.is_set() and next(self.budget, None) is not None

    def count(self, what: str) -> None:
        with self.lock:
            self.done[what] += 1

    def committed(self, changes: Counter[str], views: list[dict[str, Any]]) -> None:
        with self.lock:
            self.done += changes
            self.done["committed"] += 1
            if self.journal:
                self.journal.writelines(json.dumps(view) + "\n" for view in views)
                self.journal.flush()


class Writer:
    """One connection and its random sequence."""

    def __init__(self, shop: Shop, connection: pymysql.Connection[Cursor], seed: str) -> None:
        self.shop = shop
        self.connection = connection
        self.cursor = connection.cursor()
        self.rng = random.Random(seed)
        self.changes: Counter[str] = Counter()
        self.views: list[dict[str, Any]] = []
        self.after_commit: list[Callable[[], None]] = []
        self.actions: list[tuple[Callable[[], None], int]] = [
            (self.new_customer, 3),
            (self.change_customers, 4),
            (self.delete_customer, 1),
            (self.new_product, 1),
            (self.change_product, 3),
            (self.rename_product, 1),
            (self.new_order, 6),
            (self.change_order, 5),
            (self.delete_order, 2),
            (self.reinsert_order, 1),
            (self.count_stock, 3),
            (self.new_views, 4),
            (self.change_view, 4),
            (self.delete_view, 1),
            (self.new_specimen, 2),
            (self.change_specimen, 2),
            (self.delete_specimen, 1),
        ]

    def run(self, interval: float) -> None:
        actions, weights = zip(*self.actions, strict=True)
        while self.shop.begin_transaction():
            self.transaction(self.rng.choices(actions, weights, k=self.rng.choice([1, 1, 1, 2, 5])))
            if interval:
                self.shop.stop.wait(interval)

    def transaction(self, actions: list[Callable[[], None]]) -> None:
        """Runs the actions as one transaction; one in thirty is rolled back and leaves no trace."""
        self.changes, self.views, self.after_commit = Counter(), [], []
        try:
            for action in actions:
                action()
        except pymysql.MySQLError as error:
            if error.args[0] not in CONTENTION:
                raise
            self.connection.rollback()
            self.shop.count("given up")
            return
        if self.rng.randrange(30) == 0:
            self.connection.rollback()
            self.shop.count("rolled back")
            return
        self.connection.commit()
        self.shop.committed(self.changes, self.views)
        for effect in self.after_commit:
            effect()

    # ---- actions ----

    def new_customer(self) -> None:
        rng = self.rng
        self.insert(
            "customers",
            email=f"customer{rng.getrandbits(40)}@example.org",
            name=self.text(80),
            country=rng.choice(["DE", "CN", "US"]),
            balance=Decimal(rng.randrange(-(10**14) + 1, 10**14)) / 100,
            score=rng.choice([None, rng.uniform(-1e6, 1e6)]),
            visits=rng.randrange(65536),
            born=self.maybe(self.day()),
            avatar=self.maybe(rng.randbytes(rng.randrange(65))),
            created_at=self.moment(3),
            updated_at=self.maybe(self.moment(6)),
        )
        customer = self.cursor.lastrowid
        self.after_commit.append(lambda: self.shop.customers.add(customer))

    def change_customers(self) -> None:
        """Several rows in one statement."""
        first = self.shop.customers.some(self.rng)
        self.change(
            "UPDATE customers SET balance = balance - %s, visits = (visits + 1) %% 65536, updated_at = %s"
            " WHERE id BETWEEN %s AND %s AND balance BETWEEN -1e11 AND 1e11",
            (Decimal(self.rng.randrange(10000)) / 100, self.moment(6), first, first + self.rng.randrange(8)),
        )

    def delete_customer(self) -> None:
        self.delete(self.shop.customers, "DELETE FROM customers WHERE id = %s")

    def new_product(self) -> None:
        rng = self.rng
        sku = f"NEW-{next(self.shop.new_skus):06}"
        self.insert(
            "products",
            sku=sku,
            title=self.text(200),
            description=self.maybe(self.text(5000)),
            price=Decimal(rng.randrange(10**10)) / 100,
            weight=self.maybe(rng.uniform(-1e300, 1e300)),
            rating=rng.randrange(-128, 128),
            barcode=rng.randbytes(8),
            picture=self.maybe(rng.randbytes(rng.randrange(4000))),
            listed_on=self.day(),
        )
        self.after_commit.append(lambda: self.shop.skus.add(sku))

    def change_product(self) -> None:
        self.change(
            "UPDATE products SET price = %s, picture = %s WHERE sku = %s",
            (
                Decimal(self.rng.randrange(10**8)) / 100,
                self.maybe(self.rng.randbytes(100)),
                self.shop.skus.some(self.rng),
            ),
        )

    def rename_product(self) -> None:
        """Changes a key: the old row goes, a new one comes."""
        old = self.shop.skus.take(self.rng)
        new = f"NEW-{next(self.shop.new_skus):06}"
        if self.cursor.execute("UPDATE products SET sku = %s WHERE sku = %s", (new, old)) == 0:
            return
        self.changes["updated"] += 1
        self.after_commit.append(lambda: self.shop.skus.add(new))

    def new_order(self) -> None:
        rng = self.rng
        self.insert(
            "orders",
            customer_id=self.shop.customers.some(rng),
            status="new",
            total=Decimal(rng.randrange(10**12)) / 10**6,
            reference=rng.getrandbits(64),
            placed_at=self.moment(3),
            paid_at=None,
            remark=self.maybe(self.text(300)),
        )
        order = self.cursor.lastrowid
        self.insert_items(order)
        self.after_commit.append(lambda: self.shop.orders.add(order))

    def insert_items(self, order: int) -> None:
        rows = [
            (
                order,
                line,
                self.shop.skus.some(self.rng),
                self.rng.randrange(-(2**23), 2**23),
                Decimal(self.rng.randrange(10**6)) / 100,
                self.rng.random(),
            )
            for line in range(1, self.rng.randrange(2, 8))
        ]
        sql = "INSERT INTO order_items (order_id, line, sku, quantity, unit_price, discount) VALUES (%s,%s,%s,%s,%s,%s)"
        self.changes["inserted"] += self.cursor.executemany(sql, rows) or 0

    def change_order(self) -> None:
        order = self.shop.orders.some(self.rng)
        status = self.rng.choice(["paid", "shipped", "cancelled"])
        self.change(
            "UPDATE orders SET status = %s, paid_at = %s WHERE id = %s",
            (status, self.moment(0) if status == "paid" else None, order),
        )
        self.change("UPDATE order_items SET discount = discount + 0.1 WHERE order_id = %s", (order,))

    def delete_order(self) -> None:
        order = self.delete(self.shop.orders, "DELETE FROM orders WHERE id = %s")
        self.changes["deleted"] += self.cursor.execute("DELETE FROM order_items WHERE order_id = %s", (order,))

    def reinsert_order(self) -> None:
        """The same key leaves and comes back in one transaction."""
        order = self.shop.orders.some(self.rng)
        if self.cursor.execute("SELECT customer_id FROM orders WHERE id = %s FOR UPDATE", (order,)):
            self.changes["deleted"] += self.cursor.execute("DELETE FROM orders WHERE id = %s", (order,))
            self.insert(
                "orders",
                id=order,
                customer_id=self.shop.customers.some(self.rng),
                status="again",
                total=Decimal(1),
                reference=2**64 - 1,
                placed_at=self.moment(3),
            )

    def count_stock(self) -> None:
        sku = self.shop.skus.some(self.rng)[:24]
        self.changes["upserted"] += self.cursor.execute(
            "INSERT INTO stock (warehouse, sku, level, reserved, counted_at) VALUES (%s, %s, %s, %s, %s)"
            " ON DUPLICATE KEY UPDATE level = VALUES(level), counted_at = VALUES(counted_at)",
            (
                self.rng.choice([1, 7, 4294967295]),
                sku,
                self.rng.randrange(-(2**31), 2**31),
                self.rng.randrange(2**24),
                self.maybe(self.moment(0)),
            ),
        )

    def new_views(self) -> None:
        for _ in range(self.rng.randrange(1, 4)):
            view = next(self.shop.view_ids)
            self.insert(
                "page_views",
                id=view,
                version=1,
                customer_id=self.maybe(self.rng.randrange(2**32)),
                url=f"/{self.text(100)}",
                seconds=self.rng.expovariate(0.1),
                viewed_at=self.moment(3),
            )
            self.note("insert", view, 1)
            self.after_commit.append(lambda view=view: self.shop.views.add(view))  # type: ignore[misc]

    def change_view(self) -> None:
        view = self.shop.views.some(self.rng)
        version = self.version_of(view)
        if version is not None:
            self.change(
                "UPDATE page_views SET version = version + 1, seconds = %s WHERE id = %s", (self.rng.random(), view)
            )
            self.note("update", view, version + 1)

    def delete_view(self) -> None:
        view = self.shop.views.take(self.rng)
        version = self.version_of(view)
        if version is not None:
            self.changes["deleted"] += self.cursor.execute("DELETE FROM page_views WHERE id = %s", (view,))
            self.note("delete", view, version)

    def new_specimen(self) -> None:
        """A row like another one, value by value."""
        columns = ", ".join(self.shop.specimen_columns)
        self.changes["inserted"] += self.cursor.execute(
            f"INSERT INTO specimens ({columns}) SELECT {columns} FROM specimens WHERE id = %s",
            (self.rng.randrange(1, 201),),
        )

    def change_specimen(self) -> None:
        """A column takes the value of another row."""
        column = self.rng.choice(self.shop.specimen_columns)
        self.change(
            f"UPDATE specimens AS one JOIN specimens AS other ON other.id = %s SET one.{column} = other.{column}"
            " WHERE one.id = %s",
            (self.rng.randrange(1, 201), self.rng.randrange(1, 400)),
        )

    def delete_specimen(self) -> None:
        self.changes["deleted"] += self.cursor.execute(
            "DELETE FROM specimens WHERE id = %s", (self.rng.randrange(201, 400),)
        )

    # ---- statements ----

    def insert(self, table: str, **values: Any) -> None:
        columns, places = ", ".join(values), ", ".join(["%s"] * len(values))
        self.cursor.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", list(values.values()))
        self.changes["inserted"] += 1

    def change(self, statement: str, values: tuple[Any, ...]) -> None:
        self.changes["updated"] += self.cursor.execute(statement, values)

    def delete(self, pool: Pool, statement: str) -> Any:
        key = pool.take(self.rng)
        self.changes["deleted"] += self.cursor.execute(statement, (key,))
        return key

    def version_of(self, view: int | None) -> int | None:
        """Locks the row, so that its version stays until the commit."""
        self.cursor.execute("SELECT version FROM page_views WHERE id = %s FOR UPDATE", (view,))
        row = self.cursor.fetchone()
        return row[0] if row else None

    def note(self, op: str, view: int, version: int) -> None:
        self.views.append({"table": f"{DATABASE}.page_views", "op": op, "id": view, "version": version})

    # ---- values ----

    def maybe(self, value: Any) -> Any:
        return None if self.rng.randrange(5) == 0 else value

    def text(self, longest: int) -> str:
        return " ".join(self.rng.choices(WORDS, k=self.rng.randrange(40)))[: self.rng.randrange(1, longest)]

    def day(self) -> date:
        return date(1000, 1, 1) + timedelta(days=self.rng.randrange(3_000_000))

    def moment(self, digits: int) -> datetime:
        step = 10 ** (6 - digits)
        return datetime(1971, 1, 1) + timedelta(microseconds=self.rng.randrange(2 * 10**15 // step) * step)


def connect(arguments: argparse.Namespace) -> pymysql.Connection[Cursor]:
    host, _, port = arguments.mysql.rpartition(":")
    return pymysql.connect(
        host=host,
        port=int(port),
        user=arguments.user,
        password=arguments.password_file.read_text(encoding="utf-8").strip(),
        database=DATABASE,
        charset="utf8mb4",
        init_command="SET time_zone = '+00:00'",
    )


def read_shop(arguments: argparse.Namespace, journal: TextIO | None, stop: threading.Event) -> Shop:
    with connect(arguments) as connection, connection.cursor() as cursor:
        # Each query sees the tables as they are: one may be altered meanwhile.
        connection.autocommit(True)

        def column(statement: str) -> list[Any]:
            cursor.execute(statement)
            return [value for (value,) in cursor.fetchall()]

        (last_view,) = column("SELECT COALESCE(MAX(id), 0) FROM page_views")
        (last_sku,) = column("SELECT COALESCE(MAX(CAST(SUBSTR(sku, 5) AS UNSIGNED)), 0) FROM products")
        shop = Shop(
            customers=Pool(column("SELECT id FROM customers ORDER BY id")),
            skus=Pool(column("SELECT sku FROM products ORDER BY sku")),
            orders=Pool(column("SELECT id FROM orders ORDER BY id")),
            views=Pool(column("SELECT id FROM page_views ORDER BY id")),
            view_ids=itertools.count(last_view + 1),
            specimen_columns=column(
                "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()"
                " AND TABLE_NAME = 'specimens' AND COLUMN_NAME <> 'id' ORDER BY ORDINAL_POSITION"
            ),
            new_skus=itertools.count(last_sku + 1),
            journal=journal,
            stop=stop,
        )
    if arguments.transactions is not None:
        shop.budget = iter(range(arguments.transactions))
    return shop


def write(arguments: argparse.Namespace, shop: Shop) -> None:
    """Runs the threads to their end. When one fails the others stop too, and its error is raised."""

    def work(number: int) -> None:
        try:
            with connect(arguments) as connection:
                Writer(shop, connection, f"{arguments.seed}/{number}").run(arguments.interval)
        finally:
            shop.stop.set()

    with ThreadPoolExecutor(arguments.threads) as threads:
        for result in [threads.submit(work, number) for number in range(arguments.threads)]:
            result.result()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mysql", required=True, metavar="HOST:PORT")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", required=True, type=Path)
    parser.add_argument("--seed", default="shop", help="any text; the same text makes the same sequence")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--transactions", type=int, help="how many to attempt in all; without it, until SIGTERM")
    parser.add_argument("--interval", type=float, default=0, help="seconds that each thread rests between transactions")
    parser.add_argument("--journal", type=Path, help="file to append the changes of page_views to")
    arguments = parser.parse_args()

    stop = threading.Event()
    for end in (signal.SIGTERM, signal.SIGINT):
        signal.signal(end, lambda *_: stop.set())
    try:
        with ExitStack() as files:
            journal = files.enter_context(arguments.journal.open("a", encoding="utf-8")) if arguments.journal else None
            shop = read_shop(arguments, journal, stop)
            write(arguments, shop)
    except (pymysql.MySQLError, OSError) as error:
        print(f"writer: error: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print("writer: " + ", ".join(f"{count} {what}" for what, count in sorted(shop.done.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
