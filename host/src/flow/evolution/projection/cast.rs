use crate::batch::{ColumnData, ColumnValues};
use crate::schema::{LogicalType, TypeNode};

/// What becomes of the values of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cast {
    /// They are moved.
    Keep,
    /// To a wider integer.
    Int16,
    Int32,
    Int64,
    /// To a wider number with a fraction.
    Float64,
}

impl Cast {
    /// For each node of a column; none where a value could be changed by it.
    pub(super) fn of_all(source: &[TypeNode], sink: &[TypeNode]) -> Option<Vec<Self>> {
        if source.len() != sink.len() {
            return None;
        }
        source
            .iter()
            .zip(sink)
            .map(|(source, sink)| {
                (source.field == sink.field).then(|| Self::of(&source.logical_type, &sink.logical_type))?
            })
            .collect()
    }

    /// For one node. Lengths of texts and bytes do not count: whether a value is too long, the sink says row by row.
    fn of(source: &LogicalType, sink: &LogicalType) -> Option<Self> {
        use LogicalType as T;
        Some(match (source, sink) {
            (same, other) if same == other => Self::Keep,
            (T::Char(_) | T::Varchar(_) | T::String, T::Char(_) | T::Varchar(_) | T::String)
            | (T::Binary(_) | T::Varbinary(_) | T::Bytes, T::Binary(_) | T::Varbinary(_) | T::Bytes) => {
                Self::Keep
            }
            (T::Tinyint, T::Smallint) => Self::Int16,
            (T::Tinyint | T::Smallint, T::Int) => Self::Int32,
            (T::Tinyint | T::Smallint | T::Int, T::Bigint) => Self::Int64,
            (T::Float, T::Double) => Self::Float64,
            (
                T::Decimal { precision, scale },
                T::Decimal { precision: sink_precision, scale: sink_scale },
            ) if scale == sink_scale && precision <= sink_precision => Self::Keep,
            (T::Time(digits), T::Time(more)) if digits <= more => Self::Keep,
            (T::Timestamp(digits), T::Timestamp(more))
            | (T::TimestampLtz(digits), T::TimestampLtz(more))
            | (T::TimestampTz(digits), T::TimestampTz(more))
                if digits <= more && in_nanoseconds(*digits) == in_nanoseconds(*more) =>
            {
                Self::Keep
            }
            _ => return None,
        })
    }

    /// Cast a whole column.
    pub(super) fn values(self, values: ColumnValues) -> Result<ColumnValues, String> {
        use ColumnData as D;
        let data = match (self, values.data) {
            (Self::Keep, data) => data,
            (Self::Int16, D::Int8s(values)) => D::Int16s(wider(values)),
            (Self::Int32, D::Int8s(values)) => D::Int32s(wider(values)),
            (Self::Int32, D::Int16s(values)) => D::Int32s(wider(values)),
            (Self::Int64, D::Int8s(values)) => D::Int64s(wider(values)),
            (Self::Int64, D::Int16s(values)) => D::Int64s(wider(values)),
            (Self::Int64, D::Int32s(values)) => D::Int64s(wider(values)),
            (Self::Float64, D::Float32s(values)) => D::Float64s(wider(values)),
            _ => return Err("a batch has a column of another layout than its type has".into()),
        };
        Ok(ColumnValues { validity: values.validity, data })
    }
}

fn wider<T, U: From<T>>(values: Vec<T>) -> Vec<U> {
    values.into_iter().map(U::from).collect()
}

/// Whether a time of so many digits is counted in nanoseconds (`wit/types.wit`, `timestamp`).
fn in_nanoseconds(digits: u8) -> bool {
    digits > 6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_keeps_every_value_is_a_cast() {
        use LogicalType as T;
        let decimal = |precision, scale| T::Decimal { precision, scale };
        for (source, sink, cast) in [
            (T::Tinyint, T::Bigint, Some(Cast::Int64)),
            (T::Bigint, T::Int, None),
            (T::Int, T::Double, None),
            (T::Boolean, T::Tinyint, None),
            (T::Float, T::Double, Some(Cast::Float64)),
            (T::Char(3), T::String, Some(Cast::Keep)),
            (T::String, T::Bytes, None),
            (decimal(10, 2), decimal(12, 2), Some(Cast::Keep)),
            (decimal(12, 2), decimal(10, 2), None),
            (decimal(10, 2), decimal(12, 3), None),
            (T::Time(3), T::Time(0), None),
            (T::Timestamp(0), T::Timestamp(6), Some(Cast::Keep)),
            // The units differ.
            (T::Timestamp(6), T::Timestamp(9), None),
            (T::Timestamp(3), T::TimestampLtz(3), None),
        ] {
            assert_eq!(Cast::of(&source, &sink), cast, "{source} to {sink}");
        }
    }
}
