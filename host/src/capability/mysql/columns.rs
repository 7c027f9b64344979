//! Rows of a result become typed columns, on the task that reads them.

use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::{Column, Row, Value};

use super::failure::Result;
use crate::plugin::bindings::capabilities::mysql::{
    ByteValues, Failure, FailureKind, ResultColumn, RowBlock, ValueColumn, ValueData,
};

/// Rows collected so far.
pub(super) struct Block {
    columns: Vec<Builder>,
    rows: u32,
    bytes: usize,
}

struct Builder {
    /// Empty until the first null.
    validity: Vec<u8>,
    data: ValueData,
}

/// The server's description of a column, as the contract words it.
pub(super) fn describe(column: &Column) -> ResultColumn {
    ResultColumn {
        name: column.name_str().into_owned(),
        type_code: column.column_type() as u8,
        flags: column.flags().bits(),
        collation: column.character_set(),
        length: column.column_length(),
        decimals: column.decimals(),
    }
}

/// A column of the protocol's binary form has one of these shapes.
fn empty(column: &Column) -> ValueData {
    use ColumnType as T;
    let unsigned = column.flags().contains(ColumnFlags::UNSIGNED_FLAG);
    match column.column_type() {
        T::MYSQL_TYPE_TINY
        | T::MYSQL_TYPE_SHORT
        | T::MYSQL_TYPE_INT24
        | T::MYSQL_TYPE_LONG
        | T::MYSQL_TYPE_LONGLONG
            if unsigned =>
        {
            ValueData::Uint64s(Vec::new())
        }
        T::MYSQL_TYPE_YEAR => ValueData::Uint64s(Vec::new()),
        T::MYSQL_TYPE_TINY
        | T::MYSQL_TYPE_SHORT
        | T::MYSQL_TYPE_INT24
        | T::MYSQL_TYPE_LONG
        | T::MYSQL_TYPE_LONGLONG => ValueData::Int64s(Vec::new()),
        T::MYSQL_TYPE_FLOAT => ValueData::Float32s(Vec::new()),
        T::MYSQL_TYPE_DOUBLE => ValueData::Float64s(Vec::new()),
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_TIMESTAMP => {
            ValueData::Datetimes(Vec::new())
        }
        T::MYSQL_TYPE_TIME => ValueData::Times(Vec::new()),
        _ => ValueData::ByteStrings(ByteValues { offsets: vec![0], data: Vec::new() }),
    }
}

impl Block {
    pub(super) fn new(columns: &[Column]) -> Self {
        let builder = |column| Builder { validity: Vec::new(), data: empty(column) };
        Self { columns: columns.iter().map(builder).collect(), rows: 0, bytes: 0 }
    }

    pub(super) fn rows(&self) -> u32 {
        self.rows
    }

    /// Bytes of the values, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Add a row.
    pub(super) fn push(&mut self, row: &Row) -> Result<()> {
        if row.len() != self.columns.len() {
            return Err(Failure::new(
                FailureKind::Corrupt,
                "a row has another number of columns than its result",
            ));
        }
        for (index, column) in self.columns.iter_mut().enumerate() {
            let value = row.as_ref(index).unwrap_or(&Value::NULL);
            self.bytes += column.push(self.rows as usize, value)?;
        }
        self.rows += 1;
        Ok(())
    }

    pub(super) fn finish(self) -> RowBlock {
        let rows = self.rows as usize;
        let columns = self.columns.into_iter().map(|mut column| {
            column.validity.truncate(rows.div_ceil(8));
            if !rows.is_multiple_of(8)
                && let Some(last) = column.validity.last_mut()
            {
                *last &= (1 << (rows % 8)) - 1;
            }
            ValueColumn {
                validity: (!column.validity.is_empty()).then_some(column.validity),
                data: column.data,
            }
        });
        RowBlock { rows: self.rows, columns: columns.collect() }
    }
}

impl Builder {
    fn push(&mut self, row: usize, value: &Value) -> Result<usize> {
        if !self.validity.is_empty() && row / 8 >= self.validity.len() {
            self.validity.push(0xff);
        }
        match (&mut self.data, value) {
            (data, Value::NULL) => {
                push_null(data);
                if self.validity.is_empty() {
                    self.validity = vec![0xff; row / 8 + 1];
                }
                self.validity[row / 8] &= !(1 << (row % 8));
                return Ok(1);
            }
            (ValueData::Int64s(values), Value::Int(value)) => values.push(*value),
            (ValueData::Int64s(values), Value::UInt(value)) => {
                values.push(i64::try_from(*value).map_err(|_| misfit())?);
            }
            (ValueData::Uint64s(values), Value::UInt(value)) => values.push(*value),
            (ValueData::Uint64s(values), Value::Int(value)) => {
                values.push(u64::try_from(*value).map_err(|_| misfit())?);
            }
            (ValueData::Float32s(values), Value::Float(value)) => values.push(*value),
            (ValueData::Float64s(values), Value::Double(value)) => values.push(*value),
            (ValueData::ByteStrings(values), Value::Bytes(value)) => {
                values.data.extend_from_slice(value);
                values.offsets.push(u32::try_from(values.data.len()).map_err(|_| misfit())?);
                return Ok(value.len() + 4);
            }
            (ValueData::Datetimes(values), Value::Date(year, month, day, hour, minute, second, micros)) => {
                values.push(pack(*year, *month, *day, [*hour, *minute, *second], *micros));
            }
            (ValueData::Times(values), Value::Time(negative, days, hours, minutes, seconds, micros)) => {
                let hours = i64::from(*days) * 24 + i64::from(*hours);
                let seconds = (hours * 60 + i64::from(*minutes)) * 60 + i64::from(*seconds);
                let micros = seconds * 1_000_000 + i64::from(*micros);
                values.push(if *negative { -micros } else { micros });
            }
            _ => return Err(misfit()),
        }
        Ok(8)
    }
}

/// `((year * 13 + month) << 5 | day) << 41 | hour << 36 | minute << 30 | second << 24 | microsecond`, as the server packs
/// a DATETIME; any date has one form, zero dates included.
fn pack(year: u16, month: u8, day: u8, [hour, minute, second]: [u8; 3], micros: u32) -> i64 {
    let date = (i64::from(year) * 13 + i64::from(month)) << 5 | i64::from(day);
    let time = i64::from(hour) << 12 | i64::from(minute) << 6 | i64::from(second);
    (date << 17 | time) << 24 | i64::from(micros)
}

fn push_null(data: &mut ValueData) {
    match data {
        ValueData::Int64s(values) | ValueData::Datetimes(values) | ValueData::Times(values) => values.push(0),
        ValueData::Uint64s(values) => values.push(0),
        ValueData::Float32s(values) => values.push(0.0),
        ValueData::Float64s(values) => values.push(0.0),
        ValueData::ByteStrings(values) => values.offsets.push(values.offsets.last().copied().unwrap_or(0)),
    }
}

fn misfit() -> Failure {
    Failure::new(
        FailureKind::Corrupt,
        "a value does not fit the type that the server announced for its column",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(column_type: ColumnType, flags: ColumnFlags) -> Builder {
        Builder { validity: Vec::new(), data: empty(&Column::new(column_type).with_flags(flags)) }
    }

    #[test]
    fn nulls_clear_their_bit_and_no_other() {
        let mut builder = column(ColumnType::MYSQL_TYPE_LONG, ColumnFlags::empty());
        for row in 0..20 {
            let value = if row == 9 { Value::NULL } else { Value::Int(row) };
            builder.push(usize::try_from(row).unwrap(), &value).unwrap();
        }
        assert_eq!(builder.validity[0], 0xff);
        assert_eq!(builder.validity[1], 0b1111_1101);
        assert_eq!(
            builder.data,
            ValueData::Int64s((0..20).map(|row| if row == 9 { 0 } else { row }).collect())
        );
    }

    #[test]
    fn zero_dates_and_the_largest_date_pack_to_what_unpacks() {
        assert_eq!(pack(0, 0, 0, [0; 3], 0), 0);
        let packed = pack(9999, 12, 31, [23, 59, 59], 999_999);
        assert_eq!(packed & 0xff_ffff, 999_999);
        assert_eq!(packed >> 41 & 31, 31);
        assert_eq!((packed >> 46) / 13, 9999);
        assert_eq!((packed >> 46) % 13, 12);
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        let mut builder = column(ColumnType::MYSQL_TYPE_LONG, ColumnFlags::empty());
        assert_eq!(builder.push(0, &Value::Double(1.0)).unwrap_err().kind, FailureKind::Corrupt);
    }
}
