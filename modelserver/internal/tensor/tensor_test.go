package tensor

import "testing"

// FuzzTexts: binary texts that are let in are written back as the same bytes.
func FuzzTexts(f *testing.F) {
	f.Add(AppendText(AppendText(nil, "a"), "ü"))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		texts, err := Texts(data)
		if err != nil {
			return
		}
		var again []byte
		for _, text := range texts {
			again = AppendText(again, text)
		}
		if string(again) != string(data) {
			t.Fatalf("%x became %x", data, again)
		}
	})
}
