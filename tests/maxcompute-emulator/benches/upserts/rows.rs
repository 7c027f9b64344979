use bytes::Bytes;
use maxcompute_emulator::record::{BucketHasher, Fraction, RecordWriter, Value, bucket_of, combine};
use maxcompute_emulator::schema::DataType;

/// Bodies of a session: two for each bucket.
pub(crate) const BODIES: usize = 2 * BUCKETS as usize;
/// The connector's default.
const BUCKETS: u32 = 16;
/// Bytes of a body, about.
const BODY: usize = 2_000_000;
/// `__version` to `__value_cols`.
const META: [&str; 5] = ["bigint", "bigint", "tinyint", "array<bigint>", "array<bigint>"];
/// 2026-01-02 00:00:00 UTC, seconds since the epoch.
const DAY: i64 = 1_767_312_000;

/// Rows of one kind; the first column is the key `id`.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    columns: &'static [(&'static str, &'static str)],
    row: fn(i64) -> Vec<Value>,
}

/// One write of a session.
pub(crate) struct Body {
    pub(crate) bucket: u32,
    pub(crate) rows: usize,
    pub(crate) stream: Bytes,
}

/// Two numbers.
pub(crate) fn short() -> Shape {
    Shape {
        name: "2 numbers",
        columns: &[("id", "bigint"), ("a", "int")],
        row: |id| vec![Value::Integer(id), Value::Integer(id % 1000)],
    }
}

/// The ten columns of the host's benchmarks.
pub(crate) fn mixed() -> Shape {
    Shape {
        name: "10 columns",
        columns: &[
            ("id", "bigint"),
            ("a", "int"),
            ("b", "bigint"),
            ("c", "string"),
            ("d", "string"),
            ("e", "decimal(14,2)"),
            ("f", "timestamp"),
            ("g", "timestamp_ntz"),
            ("h", "double"),
            ("i", "smallint"),
        ],
        row: |id| {
            let time = |seconds, nanos| Value::Fraction(Fraction { seconds, nanos });
            vec![
                Value::Integer(id),
                Value::Integer(id % 1000),
                Value::Integer(i64::from((id * 3) as u32)),
                Value::Text(format!("customer {id}")),
                Value::Text(char::from(b'a' + (id % 26) as u8).to_string().repeat((id % 60) as usize)),
                Value::Text(format!("{}.{:02}", id / 100, id % 100)),
                time(DAY + id, (id % 1000 * 1_000_000) as i32),
                time(DAY + id % 86_400, (id % 1_000_000 * 1000) as i32),
                Value::Double((id as f64 / 7.0).to_bits()),
                Value::Integer(id % 30_000),
            ]
        },
    }
}

/// A number and a kilobyte of text.
pub(crate) fn long() -> Shape {
    Shape {
        name: "1 kB of text",
        columns: &[("id", "bigint"), ("text", "string")],
        row: |id| vec![Value::Integer(id), Value::Text(format!("{id:016}").repeat(64))],
    }
}

impl Shape {
    pub(crate) fn create_table(&self) -> String {
        let mut columns: Vec<String> =
            self.columns.iter().map(|(name, data_type)| format!("{name} {data_type}")).collect();
        columns[0].push_str(" not null");
        let columns = columns.join(", ");
        format!(
            "create table t ({columns}, primary key (id)) \
             tblproperties ('transactional'='true', 'write.bucket.num'='{BUCKETS}')"
        )
    }

    /// The writes of a session, each row once, in the bucket of its key.
    pub(crate) fn bodies(&self) -> Vec<Body> {
        let names = self.columns.iter().map(|(_, name)| *name).chain(META);
        let types: Vec<DataType> = names.map(|name| name.parse().expect("a type")).collect();
        let mut open: Vec<Open> = (0..BUCKETS).map(|_| Open::default()).collect();
        let mut bodies = Vec::new();
        for id in 0.. {
            let mut key = Vec::new();
            Value::Integer(id).encode(&mut key);
            let hash = BucketHasher::Default.hash_column(&types[0], Some(&key)).expect("a hash");
            let bucket = bucket_of(combine([hash]), BUCKETS);
            let body = &mut open[bucket as usize];
            body.add(&types, (self.row)(id));
            if body.bytes >= BODY {
                let Open { writer, rows, .. } = std::mem::take(body);
                bodies.push(Body { bucket, rows, stream: writer.finish().into() });
                if bodies.len() == BODIES {
                    break;
                }
            }
        }
        bodies
    }
}

/// A body that is not full.
#[derive(Default)]
struct Open {
    writer: RecordWriter,
    rows: usize,
    bytes: usize,
}

impl Open {
    fn add(&mut self, types: &[DataType], mut row: Vec<Value>) {
        let operation = row.len() + 2;
        let value_columns = row.len() + 4;
        let mut columns: Vec<(usize, Value)> = row.drain(..).enumerate().collect();
        columns.extend([(operation, Value::Integer(85)), (value_columns, Value::Array(Vec::new()))]);
        let mut bytes = Vec::new();
        for (index, value) in columns {
            bytes.clear();
            value.encode(&mut bytes);
            self.writer.column(index as u32 + 1, &types[index], &bytes).expect("a value");
            self.bytes += bytes.len() + 1;
        }
        self.writer.end_record();
        // The end tag and the checksum.
        self.bytes += 9;
        self.rows += 1;
    }
}
