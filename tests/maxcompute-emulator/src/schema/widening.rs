//! Which column types may become which: only those that hold every value of the old one.

use super::DataType;

impl DataType {
    /// Whether a column of this type may become one of `to`: each value keeps its meaning.
    ///
    /// The service's own matrix is not public in full; this one has the documented conversions that lose nothing.
    pub fn widens_to(&self, to: &Self) -> bool {
        if self == to {
            return true;
        }
        match (self, to) {
            // DATETIME is not among these: its text has no milliseconds.
            (
                Self::TinyInt
                | Self::SmallInt
                | Self::Int
                | Self::BigInt
                | Self::Float
                | Self::Double
                | Self::Decimal { .. }
                | Self::Char(_)
                | Self::Varchar(_)
                | Self::Date
                | Self::Timestamp
                | Self::TimestampNtz,
                Self::String,
            ) => true,
            (Self::TinyInt | Self::SmallInt, Self::Float) => true,
            (Self::TinyInt | Self::SmallInt | Self::Int, Self::Double) => true,
            (Self::Float, Self::Double) => true,
            (Self::Char(from), Self::Char(to) | Self::Varchar(to))
            | (Self::Varchar(from), Self::Varchar(to)) => from <= to,
            (
                Self::Decimal { precision: from, scale: from_scale },
                Self::Decimal { precision: to, scale: to_scale },
            ) => from_scale <= to_scale && from - from_scale <= to - to_scale,
            _ => match (self.integer_digits(), to.integer_digits(), to) {
                (Some(from), Some(to), _) => from < to,
                (Some(from), None, Self::Decimal { precision, scale }) => from <= precision - scale,
                _ => false,
            },
        }
    }

    /// Decimal digits of the largest value of an integer type.
    fn integer_digits(&self) -> Option<u8> {
        match self {
            Self::TinyInt => Some(3),
            Self::SmallInt => Some(5),
            Self::Int => Some(10),
            Self::BigInt => Some(19),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widens(from: &str, to: &str) -> bool {
        from.parse::<DataType>().unwrap().widens_to(&to.parse().unwrap())
    }

    #[test]
    fn types_become_wider_ones() {
        for (from, to) in [
            ("tinyint", "bigint"),
            ("smallint", "int"),
            ("int", "double"),
            ("bigint", "decimal(19,0)"),
            ("bigint", "string"),
            ("float", "double"),
            ("char(3)", "varchar(3)"),
            ("varchar(3)", "string"),
            ("decimal(10,2)", "decimal(12,4)"),
            ("decimal(10,2)", "string"),
            ("date", "string"),
            ("timestamp_ntz", "string"),
            ("array<int>", "array<int>"),
        ] {
            assert!(widens(from, to), "{from} to {to}");
        }
    }

    #[test]
    fn types_become_no_narrower_and_no_other_ones() {
        for (from, to) in [
            ("bigint", "int"),
            ("bigint", "double"),
            ("int", "float"),
            ("bigint", "decimal(19,1)"),
            ("double", "float"),
            ("varchar(4)", "varchar(3)"),
            ("varchar(3)", "char(3)"),
            ("string", "varchar(65535)"),
            ("string", "bigint"),
            ("decimal(10,2)", "decimal(10,3)"),
            ("decimal(10,2)", "decimal(9,2)"),
            ("boolean", "string"),
            ("datetime", "string"),
            ("json", "string"),
            ("array<int>", "array<bigint>"),
            ("datetime", "timestamp"),
        ] {
            assert!(!widens(from, to), "{from} to {to}");
        }
    }
}
