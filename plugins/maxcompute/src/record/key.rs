//! The key columns' hashes, a column at a time.

use cdc_plugin::batch::{BatchView, ColumnView, Values};
use cdc_plugin::types::{Error, LogicalType, TableSchema};

use crate::record::Hasher;
use crate::record::encoding::split;
use crate::record::text::Text;

/// Finds the bucket of each row of a batch.
#[derive(Clone, Debug)]
pub struct Key {
    hasher: Hasher,
    buckets: u32,
    columns: Vec<KeyColumn>,
}

#[derive(Clone, Debug)]
struct KeyColumn {
    /// Position of its node in a batch.
    node: usize,
    kind: Kind,
}

/// How a key column is hashed.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Boolean,
    Integer,
    Float,
    Double,
    Date,
    Text,
    Binary,
    Time { digits: u8 },
    Timestamp { per_second: i64 },
    Decimal { precision: u8 },
}

impl Key {
    /// `names` are the hash columns of an upsert session.
    ///
    /// # Errors
    /// A hash column is not among the source's, or has a type that MaxCompute does not hash; blame is `config`.
    pub fn new(schema: &TableSchema, names: &[String], hasher: Hasher, buckets: u32) -> Result<Self, Error> {
        let refuse = |reason: String| {
            Error::config("maxcompute.key", format!("the key of {} cannot be hashed: {reason}", schema.table))
        };
        if names.is_empty() || buckets == 0 {
            return Err(refuse("the session has no hash columns or no buckets".to_owned()));
        }
        let mut columns = Vec::new();
        for name in names {
            let mut node = 0;
            let mut found = None;
            for column in &schema.columns {
                if column.name.to_lowercase() == name.to_lowercase() {
                    found = column.nodes.first();
                    break;
                }
                node += column.nodes.len();
            }
            let Some(found) = found else {
                return Err(refuse(format!("the source has no column `{name}`")));
            };
            let kind = Kind::of(&found.type_).ok_or_else(|| refuse(format!("column `{name}` is nested")))?;
            columns.push(KeyColumn { node, kind });
        }
        Ok(Self { hasher, buckets, columns })
    }

    /// The bucket of every row, in order. A null counts as zero.
    #[must_use]
    pub fn buckets(&self, view: &BatchView<'_>) -> Vec<u32> {
        let mut sums = vec![0_i32; view.batch.rows as usize];
        for column in &self.columns {
            if let Some(values) = view.columns.get(column.node) {
                column.kind.add(self.hasher, values, &mut sums);
            }
        }
        sums.into_iter().map(|sum| Hasher::bucket(sum, self.buckets)).collect()
    }
}

impl Kind {
    fn of(r#type: &LogicalType) -> Option<Self> {
        use LogicalType as T;
        Some(match r#type {
            T::Boolean => Self::Boolean,
            T::Tinyint | T::Smallint | T::Int | T::Bigint => Self::Integer,
            T::Float => Self::Float,
            T::Double => Self::Double,
            T::Decimal(decimal) => Self::Decimal { precision: decimal.precision },
            T::Char(_) | T::Varchar(_) | T::String => Self::Text,
            T::Binary(_) | T::Varbinary(_) | T::Bytes => Self::Binary,
            T::Date => Self::Date,
            T::Time(digits) => Self::Time { digits: *digits },
            T::Timestamp(digits) | T::TimestampLtz(digits) | T::TimestampTz(digits) => {
                Self::Timestamp { per_second: if *digits <= 6 { 1_000_000 } else { 1_000_000_000 } }
            }
            T::Array | T::Map | T::Row(_) => return None,
        })
    }

    fn add(self, hasher: Hasher, view: &ColumnView<'_>, sums: &mut [i32]) {
        let mut each = |hash: &dyn Fn(usize) -> i32| {
            for (slot, sum) in sums.iter_mut().enumerate() {
                if !view.is_null(slot) {
                    *sum = sum.wrapping_add(hash(slot));
                }
            }
        };
        let values = view.values;
        match (self, values) {
            (Self::Boolean, Values::Int8s(v)) => each(&|slot| hasher.boolean(v[slot] != 0)),
            (Self::Integer, Values::Int8s(v)) => each(&|slot| hasher.int(i64::from(v[slot]))),
            (Self::Integer, Values::Int16s(v)) => each(&|slot| hasher.int(i64::from(v[slot]))),
            (Self::Integer, Values::Int32s(v)) => each(&|slot| hasher.int(i64::from(v[slot]))),
            (Self::Integer, Values::Int64s(v)) => each(&|slot| hasher.int(v[slot])),
            (Self::Float, Values::Float32s(v)) => each(&|slot| hasher.float(v[slot])),
            (Self::Double, Values::Float64s(v)) => each(&|slot| hasher.double(v[slot])),
            (Self::Date, Values::Int32s(v)) => each(&|slot| hasher.date(i64::from(v[slot]))),
            (Self::Text, _) => each(&|slot| hasher.bytes(values.bytes(slot))),
            (Self::Binary, _) => each(&|slot| hasher.binary(values.bytes(slot))),
            (Self::Time { digits }, Values::Int64s(v)) => {
                each(&|slot| hasher.bytes(Text::time(v[slot], digits).as_bytes()));
            }
            (Self::Timestamp { per_second }, Values::Int64s(v)) => each(&|slot| {
                let (seconds, nanos) = split(v[slot], per_second);
                hasher.timestamp(seconds, nanos)
            }),
            (Self::Decimal { precision }, Values::Decimals(_)) => {
                each(&|slot| hasher.decimal(values.decimal(slot), precision));
            }
            // A checked batch has the layout of its type.
            _ => {}
        }
    }
}
