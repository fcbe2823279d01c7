package mailer

import "postrider/templates"

// node is a piece of a part whose fixed text is encoded already.
type node struct {
	fixed fixed           // where slot.Slot is empty
	slot  templates.Piece // a slot, or a condition
	then  []node
	other []node
}

// compilePieces encodes what is the same for everybody. Fixed texts that
// follow each other become one, so that fewer lines are broken softly.
func compilePieces(pieces []templates.Piece) ([]node, error) {
	var nodes []node
	for i := 0; i < len(pieces); {
		p := pieces[i]
		if p.Slot == "" {
			text := ""
			for ; i < len(pieces) && pieces[i].Slot == ""; i++ {
				text += pieces[i].Text
			}
			f, err := newFixed(appendQuoted(nil, text))
			if err != nil {
				return nil, err
			}
			nodes = append(nodes, node{fixed: f})
			continue
		}
		n := node{slot: p}
		if p.Cond {
			var err error
			if n.then, err = compilePieces(p.Then); err != nil {
				return nil, err
			}
			if n.other, err = compilePieces(p.Else); err != nil {
				return nil, err
			}
		}
		nodes = append(nodes, n)
		i++
	}
	return nodes, nil
}

func (m *assembled) splice(nodes []node, values map[string]string) {
	for i := range nodes {
		n := &nodes[i]
		switch {
		case n.slot.Slot == "":
			m.add(&n.fixed)
		case n.slot.Cond && values[n.slot.Slot] != "":
			m.splice(n.then, values)
		case n.slot.Cond:
			m.splice(n.other, values)
		default:
			m.own = appendQuoted(m.own, n.slot.Value(values))
		}
	}
}

// personal reports whether a part differs from reader to reader.
func personal(p templates.Part) bool {
	for i := range p.Pieces {
		if p.Pieces[i].Slot != "" {
			return true
		}
	}
	return false
}
