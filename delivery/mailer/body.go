package mailer

import "postrider/templates"

// node is a piece of a part whose fixed text is encoded already.
type node struct {
	fixed []byte          // where slot.Slot is empty
	slot  templates.Piece // a slot, or a condition
	then  []node
	other []node
}

// compilePieces encodes what is the same for everybody. Fixed texts that
// follow each other become one, so that fewer lines are broken softly.
func compilePieces(pieces []templates.Piece) []node {
	var nodes []node
	for i := 0; i < len(pieces); {
		p := pieces[i]
		if p.Slot == "" {
			text := ""
			for ; i < len(pieces) && pieces[i].Slot == ""; i++ {
				text += pieces[i].Text
			}
			nodes = append(nodes, node{fixed: appendQuoted(nil, text)})
			continue
		}
		n := node{slot: p}
		if p.Cond {
			n.then, n.other = compilePieces(p.Then), compilePieces(p.Else)
		}
		nodes = append(nodes, n)
		i++
	}
	return nodes
}

func splice(b []byte, nodes []node, values map[string]string) []byte {
	for i := range nodes {
		n := &nodes[i]
		switch {
		case n.slot.Slot == "":
			b = append(b, n.fixed...)
		case n.slot.Cond && values[n.slot.Slot] != "":
			b = splice(b, n.then, values)
		case n.slot.Cond:
			b = splice(b, n.other, values)
		default:
			b = appendQuoted(b, n.slot.Value(values))
		}
	}
	return b
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
