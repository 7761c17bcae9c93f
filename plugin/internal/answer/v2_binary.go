package answer

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// tail is what follows the JSON of a V2 reply: the tensors of those outputs that
// say binary_data_size, in their order. Only one of them is read.
//
// Source: KServe, binary tensor data extension.
type tail struct {
	total      uint64 // bytes of all
	received   uint64 // bytes that came
	isSelected bool   // one is read
	from, to   uint64 // where it stands
	decoder    rawDecoder
}

func (t *tail) reset() { *t = tail{} }

// add takes the size of the next tensor.
func (t *tail) addTensor(size uint64, isChosen bool) {
	total, overflow := bits.Add64(t.total, size, 0)
	if overflow > 0 {
		total = math.MaxUint64 // more than will come
	}
	if isChosen {
		t.isSelected, t.from, t.to = true, t.total, total
		t.decoder = rawDecoder{}
	}
	t.total = total
}

func (t *tail) write(chunk []byte, tensor *tensor) {
	from := t.received
	t.received += uint64(len(chunk))
	if !t.isSelected || t.received <= t.from || from >= t.to {
		return
	}
	begin := max(t.from, from) - from
	end := min(t.to, t.received) - from
	t.decoder.write(chunk[begin:end], tensor)
}

func (t *tail) close(tensor *tensor) {
	if t.isSelected {
		t.decoder.end(tensor)
	}
}

// data is a tensor as bytes: its elements one after the other, in little-endian
// order; those of BYTES each after its length, which is four bytes long.
type rawDecoder struct {
	bits     uint64 // of the number so far
	shift    uint   // how many bits they are
	textLeft uint64 // bytes of an element of BYTES that are still to come
}

func (d *rawDecoder) write(chunk []byte, t *tensor) {
	if t.datatype == bytesType {
		d.writeBytes(chunk, t)
		return
	}
	width := t.datatype.bits()
	for len(chunk) > 0 {
		if d.shift == 0 {
			chunk = d.writeNumbers(chunk, t, width)
		}
		for len(chunk) > 0 {
			isWhole := d.addByte(chunk[0], width)
			chunk = chunk[1:]
			if isWhole {
				t.addBits(d.bits, width)
				d.bits, d.shift = 0, 0
				break
			}
		}
	}
}

// writeWhole takes the numbers that lie in the chunk as a whole, and returns
// what is left of it.
func (d *rawDecoder) writeNumbers(chunk []byte, t *tensor, width uint) []byte {
	for size := int(width / 8); len(chunk) >= size; chunk = chunk[size:] {
		var number uint64
		switch size {
		case 1:
			number = uint64(chunk[0])
		case 2:
			number = uint64(binary.LittleEndian.Uint16(chunk))
		case 4:
			number = uint64(binary.LittleEndian.Uint32(chunk))
		case 8:
			number = binary.LittleEndian.Uint64(chunk)
		}
		t.addBits(number, width)
	}
	return chunk
}

// add adds a byte to the number, and tells whether it is whole.
func (d *rawDecoder) addByte(c byte, width uint) bool {
	d.bits |= uint64(c) << d.shift
	d.shift += 8
	return d.shift == width
}

func (d *rawDecoder) writeBytes(chunk []byte, t *tensor) {
	for len(chunk) > 0 {
		if d.textLeft == 0 {
			if d.addByte(chunk[0], 32) {
				d.textLeft, d.bits, d.shift = d.bits, 0, 0
				d.endText(t)
			}
			chunk = chunk[1:]
			continue
		}
		n := min(d.textLeft, uint64(len(chunk)))
		t.AddAll(chunk[:n])
		chunk = chunk[n:]
		d.textLeft -= n
		d.endText(t)
	}
}

func (d *rawDecoder) endText(t *tensor) {
	if d.textLeft == 0 {
		t.endBytes()
	}
}

// end follows the last byte.
func (d *rawDecoder) end(t *tensor) {
	if d.shift > 0 || d.textLeft > 0 {
		t.invalidate()
	}
	t.endOutput()
}

// number takes an element by its bits, which are width many.
func (t *tensor) addBits(bits uint64, width uint) {
	switch t.datatype {
	case boolType:
		t.addUnsigned(min(bits, 1))
	case fp16Type:
		t.addFloat(halfFloat(uint16(bits)))
	case bf16Type:
		t.addFloat(float64(math.Float32frombits(uint32(bits) << 16)))
	case fp32Type:
		t.addFloat(float64(math.Float32frombits(uint32(bits))))
	case fp64Type:
		t.addFloat(math.Float64frombits(bits))
	case int8Type, int16Type, int32Type, int64Type:
		t.addInteger(int64(bits<<(64-width)) >> (64 - width))
	default:
		t.addUnsigned(bits << (64 - width) >> (64 - width))
	}
}

// half returns the value of an IEEE 754 binary16.
func halfFloat(bits uint16) float64 {
	exponent, fraction := int(bits>>10&31), float64(bits&1023)
	value := math.Ldexp(1024+fraction, exponent-25)
	switch exponent {
	case 0:
		value = math.Ldexp(fraction, -24)
	case 31:
		if value = math.Inf(1); fraction > 0 {
			value = math.NaN()
		}
	}
	if bits>>15 == 1 {
		return -value
	}
	return value
}
