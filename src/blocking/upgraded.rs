//! [`Upgraded`] as the standard library's streams are read and written.

use std::io::{self, Read, Write};

use crate::blocking::wait::block_on;
use crate::engine::upgraded::Upgraded;

impl Read for Upgraded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(block_on(self.receive(buffer))?)
    }
}

impl Write for Upgraded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(block_on(self.transmit(bytes))?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(block_on(self.drain())?)
    }
}
